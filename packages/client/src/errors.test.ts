import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ERROR_DOMAIN,
  ErrorInfoSchema,
  ErrorReason,
  RequestInfoSchema,
  RetryInfoSchema,
} from "@maru/protocol";
import { describe, expect, expectTypeOf, test } from "vitest";
import { isReason, MaruError, toMaruError } from "./errors.ts";

const frozen = new ConnectError("sending is stopped", Code.FailedPrecondition, undefined, [
  {
    desc: ErrorInfoSchema,
    value: { domain: ERROR_DOMAIN, reason: "ERROR_REASON_ROOM_FROZEN", metadata: { room_id: "r1", last_seq: "7" } },
  },
  { desc: BadRequestSchema, value: { fieldViolations: [{ field: "content.text.text", description: "is empty" }] } },
  { desc: RetryInfoSchema, value: { retryDelay: { seconds: 1n, nanos: 500_000_000 } } },
  { desc: RequestInfoSchema, value: { requestId: "q1" } },
]);

describe("an error of the wire", () => {
  test("becomes one with reason, code, metadata, violations, request id and wait", () => {
    const error = toMaruError(frozen, 3);
    expect(error).toMatchObject({
      message: "[ROOM_FROZEN] sending is stopped",
      reason: ErrorReason.ROOM_FROZEN,
      code: "FAILED_PRECONDITION",
      codeNumber: 9,
      metadata: { roomId: "r1", lastSeq: "7" },
      violations: [{ field: "content.text.text", description: "is empty" }],
      requestId: "q1",
      retryAfterMs: 1500,
      attempts: 3,
      cause: frozen,
    });
  });

  test("of a reason that this version does not know keeps code and text", () => {
    const value = { domain: ERROR_DOMAIN, reason: "ERROR_REASON_FROM_THE_FUTURE" };
    const error = toMaruError(new ConnectError("new", Code.Aborted, undefined, [{ desc: ErrorInfoSchema, value }]));
    expect(error.reason).toBe(ErrorReason.UNSPECIFIED);
    expect(error.message).toBe("[ABORTED, ERROR_REASON_FROM_THE_FUTURE] new");
  });

  test("with a reason of another domain has no reason of Maru", () => {
    const value = { domain: "googleapis.com", reason: "ERROR_REASON_ROOM_FROZEN" };
    const error = toMaruError(new ConnectError("no", Code.Aborted, undefined, [{ desc: ErrorInfoSchema, value }]));
    expect(error.reason).toBe(ErrorReason.UNSPECIFIED);
  });

  test.each([new Error("x"), "x", undefined, null, 7, {}, new DOMException("x", "AbortError")])(
    "that is no error of Connect (%s) becomes one too",
    (thrown) => {
      expect(toMaruError(thrown)).toBeInstanceOf(MaruError);
    },
  );

  test("is not wrapped twice", () => {
    const error = toMaruError(frozen);
    expect(toMaruError(error)).toBe(error);
  });
});

describe("isReason", () => {
  test("compares reasons, and says no to everything else", () => {
    const error: unknown = toMaruError(frozen);
    expect(isReason(error, ErrorReason.ROOM_FROZEN)).toBe(true);
    expect(isReason(error, ErrorReason.ROOM_CLOSED, ErrorReason.ROOM_FROZEN)).toBe(true);
    expect(isReason(error, ErrorReason.ROOM_CLOSED)).toBe(false);
    expect(isReason(frozen, ErrorReason.ROOM_FROZEN)).toBe(false);
    expect(isReason(undefined, ErrorReason.UNSPECIFIED)).toBe(false);
  });

  test("narrows the type", () => {
    const error: unknown = toMaruError(frozen);
    if (isReason(error, ErrorReason.ROOM_FROZEN)) {
      expectTypeOf(error.reason).toEqualTypeOf<ErrorReason.ROOM_FROZEN>();
      expectTypeOf(error.metadata.roomId).toEqualTypeOf<string | undefined>();
    }
  });

  test("knows the errors of another copy of this package", async () => {
    const copyUrl = new URL("./errors.ts?copy", import.meta.url).href;
    const copy: typeof import("./errors.ts") = await import(copyUrl);
    expect(copy.MaruError).not.toBe(MaruError);
    const foreign = copy.toMaruError(frozen);
    expect(foreign).toBeInstanceOf(MaruError);
    expect(isReason(foreign, ErrorReason.ROOM_FROZEN)).toBe(true);
    expect(toMaruError(foreign)).toBe(foreign);
  });
});
