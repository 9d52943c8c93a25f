import { expect, test } from "vitest";
import { ShortAnswerError } from "./errors.ts";
import { failureKind } from "./failure.ts";

const protocolError = (type: string, retriable: boolean) => Object.assign(new Error(type), { type, retriable });
const wrapped = (name: string, cause: unknown) => Object.assign(new Error(name, { cause }), { name, retriable: false });

test("an error that passes is tried again, also when the driver gave up on it", () => {
  const error = protocolError("NOT_LEADER_FOR_PARTITION", true);
  expect(failureKind(error)).toBe("retry");
  expect(failureKind(wrapped("KafkaJSNumberOfRetriesExceeded", error))).toBe("retry");
});

test("a record that is too large is not tried again", () => {
  expect(failureKind(wrapped("KafkaJSNonRetriableError", protocolError("MESSAGE_TOO_LARGE", false)))).toBe("too-large");
});

test("a lost sequence and a short answer need a new producer id", () => {
  expect(failureKind(protocolError("OUT_OF_ORDER_SEQUENCE_NUMBER", false))).toBe("retry-anew");
  expect(failureKind(new ShortAnswerError([{ topic: "t", partition: 0 }]))).toBe("retry-anew");
});

test("what the broker refuses for good is refused", () => {
  expect(failureKind(protocolError("TOPIC_AUTHORIZATION_FAILED", false))).toBe("refused");
  expect(failureKind(new TypeError("bad"))).toBe("refused");
});

test("a server error of unknown kind is tried again", () => {
  expect(failureKind(protocolError("UNKNOWN", false))).toBe("retry");
});
