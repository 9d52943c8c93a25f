import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, ErrorReason } from "@maru/protocol";
import { describe, expect, test } from "vitest";
import { MaruError, type MaruErrorInit } from "./errors.ts";
import { backoffMs, isUncertain, judge, showsAbsence, toRetryPolicy, tryTimeoutMs } from "./retry.ts";

const error = (init: Partial<MaruErrorInit>) =>
  new MaruError({ message: "x", reason: ErrorReason.UNSPECIFIED, code: Code.Unknown, ...init });
const policy = toRetryPolicy();

describe("the retry table", () => {
  test("leaves a server that is away or hangs", () => {
    expect(judge(error({ code: Code.Unavailable }))).toBe("elsewhere");
    expect(judge(error({ code: Code.DeadlineExceeded }))).toBe("elsewhere");
  });

  test("comes back to a server that asks for it", () => {
    expect(judge(error({ code: Code.Aborted, reason: ErrorReason.APPEND_CONTENDED }))).toBe("here");
    expect(judge(error({ code: Code.Aborted, retryAfterMs: 5 }))).toBe("here");
    expect(judge(error({ code: Code.ResourceExhausted, retryAfterMs: 5 }))).toBe("here");
  });

  test.each([
    error({ code: Code.Aborted, reason: ErrorReason.STATE_CHANGED }),
    error({ code: Code.ResourceExhausted, reason: ErrorReason.REQUEST_TOO_LARGE }),
    error({ code: Code.InvalidArgument }),
    error({ code: Code.Internal }),
    error({ code: Code.Canceled }),
    error({ code: Code.FailedPrecondition, retryAfterMs: 5 }),
  ])("takes everything else as final ($code)", (final) => {
    expect(judge(final)).toBe("stop");
  });

  test("a write that was refused did not take place; one that got no answer may have", () => {
    expect(isUncertain(error({ code: Code.Aborted }))).toBe(false);
    expect(isUncertain(error({ code: Code.Unavailable }))).toBe(true);
  });
});

describe("a server counts as away", () => {
  const answer = new ConnectError("x", Code.Unavailable, undefined, [{ desc: ErrorInfoSchema, value: {} }]);

  test("when the connection fails, or it says that it drains", () => {
    expect(showsAbsence(error({ code: Code.Unavailable }), 0)).toBe(true);
    expect(showsAbsence(error({ code: Code.Unavailable, reason: ErrorReason.DRAINING, cause: answer }), 0)).toBe(true);
  });

  test("when it was silent, but not after a moment", () => {
    expect(showsAbsence(error({ code: Code.DeadlineExceeded }), 500)).toBe(true);
    expect(showsAbsence(error({ code: Code.DeadlineExceeded }), 5)).toBe(false);
  });

  test("not when it says that its store is away", () => {
    const reason = ErrorReason.STORE_UNAVAILABLE;
    expect(showsAbsence(error({ code: Code.Unavailable, reason, cause: answer }), 0)).toBe(false);
  });
});

describe("waits", () => {
  test("are a random part of a bound that doubles up to its maximum", () => {
    expect([0, 1, 2, 9].map((waits) => backoffMs(policy, error({}), waits, 1))).toEqual([50, 100, 200, 2000]);
    expect(backoffMs(policy, error({}), 3, 0)).toBe(0);
  });

  test("are never shorter than the server asks for", () => {
    expect(backoffMs(policy, error({ retryAfterMs: 300 }), 0, 0)).toBe(300);
    expect(backoffMs(policy, error({ retryAfterMs: 300 }), 0, 1)).toBe(450);
  });
});

describe("the time of a try", () => {
  test("is a third of what is left, at least 100 ms, and all of it for the last one", () => {
    expect(tryTimeoutMs(policy, 9000, false)).toBe(3000);
    expect(tryTimeoutMs(policy, 200, false)).toBe(100);
    expect(tryTimeoutMs(policy, 40, false)).toBe(40);
    expect(tryTimeoutMs(policy, 9000, true)).toBe(9000);
    expect(tryTimeoutMs(policy, undefined, false)).toBeUndefined();
  });

  test("may be set", () => {
    const set = toRetryPolicy({ tryTimeoutMs: 250 });
    expect(tryTimeoutMs(set, 9000, false)).toBe(250);
    expect(tryTimeoutMs(set, undefined, false)).toBe(250);
    expect(tryTimeoutMs(set, 100, false)).toBe(100);
  });

  test.each([{ maxAttempts: 0 }, { maxAttempts: 1.5 }, { firstBackoffMs: -1 }, { tryTimeoutMs: Number.NaN }])(
    "%o is refused",
    (options) => {
      expect(() => toRetryPolicy(options)).toThrow(RangeError);
    },
  );
});
