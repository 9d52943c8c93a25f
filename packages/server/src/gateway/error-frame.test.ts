import { fromJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { MaruError as CallError } from "@maru/client";
import { ErrorReason } from "@maru/protocol";
import { ServerFrameSchema } from "@maru/protocol/realtime";
import { expect, test } from "vitest";
import { MaruError } from "../errors.ts";
import { toErrorFrame } from "./error-frame.ts";

function shown(thrown: unknown) {
  const { kind } = fromJsonString(ServerFrameSchema, toErrorFrame("1", thrown).json());
  if (kind.case !== "error") throw new Error("no error frame");
  const { reason, message, metadata, retryAfterMs } = kind.value;
  return { reason, message, metadata, retryAfterMs };
}

test("what the client threw is told as the server said it", () => {
  const thrown = new CallError({
    message: "[MEMBER_MUTED] not until noon",
    reason: ErrorReason.MEMBER_MUTED,
    code: Code.FailedPrecondition,
    metadata: { roomId: "r", mutedUntil: "12:00" },
    violations: [{ field: "content.text.text", description: "too long" }],
    retryAfterMs: 12.5,
  });
  expect(shown(thrown)).toEqual({
    reason: ErrorReason.MEMBER_MUTED,
    message: "not until noon",
    metadata: { room_id: "r", muted_until: "12:00", "content.text.text": "too long" },
    retryAfterMs: 13,
  });
});

test("what may pass says when to try again, what will not says 0", () => {
  expect(shown(new MaruError(ErrorReason.STORE_UNAVAILABLE)).retryAfterMs).toBe(1_000);
  expect(shown(new MaruError(ErrorReason.APPEND_CONTENDED, { retryAfterMs: 40 })).retryAfterMs).toBe(40);
  expect(shown(new MaruError(ErrorReason.ROOM_FROZEN)).retryAfterMs).toBe(0);
});

test("no answer at all is told as an uncertain write", () => {
  const thrown = new CallError({
    message: "[UNAVAILABLE] refused",
    reason: ErrorReason.UNSPECIFIED,
    code: Code.Unavailable,
  });
  expect(shown(thrown)).toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE, retryAfterMs: 1_000 });
});

test.each([
  [
    "a refusal of the gateway itself",
    new CallError({ message: "x", reason: ErrorReason.TOKEN_EXPIRED, code: Code.Unauthenticated }),
  ],
  ["an error of anything else", new ConnectError("a secret of the inside")],
  ["something that is no error", "a secret of the inside"],
])("%s says no more than that the gateway failed", (_, thrown) => {
  expect(shown(thrown)).toEqual({
    reason: ErrorReason.INTERNAL,
    message: "the gateway failed in a way that it did not foresee",
    metadata: {},
    retryAfterMs: 0,
  });
});
