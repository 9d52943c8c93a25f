import { expect, test } from "vitest";
import { handlerBackoffMs, toHandlerRetryPolicy } from "./retry.ts";

const policy = { maxAttempts: 6, firstBackoffMs: 100, maxBackoffMs: 500 };

test("the bound doubles up to the longest wait, and the wait is a random part of it", () => {
  expect([1, 2, 3, 4, 5].map((attempt) => handlerBackoffMs(policy, attempt, 1))).toEqual([100, 200, 400, 500, 500]);
  expect(handlerBackoffMs(policy, 3, 0)).toBe(0);
  expect(handlerBackoffMs(policy, 3, 0.25)).toBe(100);
});

test("after the last attempt there is no wait", () => {
  expect(handlerBackoffMs(policy, 6, 0.5)).toBeUndefined();
  expect(handlerBackoffMs({ ...policy, maxAttempts: 1 }, 1, 0.5)).toBeUndefined();
});

test("defaults are filled in", () => {
  expect(toHandlerRetryPolicy({ maxAttempts: 3 })).toEqual({
    maxAttempts: 3,
    firstBackoffMs: 100,
    maxBackoffMs: 10_000,
  });
});

test.each([{ maxAttempts: 0 }, { maxAttempts: 1.5 }, { firstBackoffMs: -1 }, { maxBackoffMs: Number.NaN }])(
  "%o is refused",
  (options) => {
    expect(() => toHandlerRetryPolicy(options)).toThrow(RangeError);
  },
);
