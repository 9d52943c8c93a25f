import { expect, test } from "vitest";
import { createKeyClock, parseServerTime, uuidv7 } from "./idempotency-key.ts";

test("a key is a UUID of version 7 and variant 1 that begins with its time", () => {
  const key = uuidv7(0x0192_a3b4_c5d6);
  expect(key).toMatch(/^0192a3b4-c5d6-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("keys of one millisecond differ", () => {
  expect(new Set(Array.from({ length: 1000 }, () => uuidv7(1))).size).toBe(1000);
});

test("a corrected clock goes on from the server's time, whatever the system's clock does", () => {
  const clocks = { unix: 9_000_000, steady: 50 };
  const clock = createKeyClock({ unixMs: () => clocks.unix, steadyMs: () => clocks.steady });
  expect(clock.nowMs()).toBe(9_000_000);
  clock.correct(5_000);
  clocks.unix = 77;
  clocks.steady += 10;
  expect(clock.nowMs()).toBe(5_010);
});

test("a server's time is read as RFC 3339 or as milliseconds, and anything else is none", () => {
  expect(parseServerTime("1970-01-01T00:00:01.5Z")).toBe(1500);
  expect(parseServerTime("1500")).toBe(1500);
  expect([undefined, "", "soon"].map(parseServerTime)).toEqual([undefined, undefined, undefined]);
});
