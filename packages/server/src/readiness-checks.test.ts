import { expect, test } from "vitest";
import { clockSkewMs } from "./readiness-checks.ts";

test("a table's time between question and answer, cut to the second, is no skew", () => {
  expect(clockSkewMs(10_900, 11_100, 10_000)).toBe(0);
  expect(clockSkewMs(10_900, 11_100, 11_000)).toBe(0);
  expect(clockSkewMs(10_900, 11_100, undefined)).toBe(0);
});

test("a table that is ahead, and one that is behind, is seen by as much as is certain", () => {
  expect(clockSkewMs(10_000, 10_100, 14_000)).toBe(3_900);
  expect(clockSkewMs(10_000, 10_100, 5_000)).toBe(4_000);
});
