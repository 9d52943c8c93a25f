import { expect, test } from "vitest";
import { createJobPauses } from "./job-pauses.ts";

test("the pause of a job doubles with each failure in a row up to a bound, and is its own", () => {
  const pauses = createJobPauses({ firstMs: 1_000, maxMs: 3_000 });
  const pauseAfterFailure = () => {
    pauses.failed("a", 0);
    return [999, 1_000, 1_999, 2_000, 2_999, 3_000].find((ms) => !pauses.has("a", ms));
  };
  expect([pauseAfterFailure(), pauseAfterFailure(), pauseAfterFailure()]).toEqual([1_000, 2_000, 3_000]);
  expect(pauses.has("b", 0)).toBe(false);
  pauses.moved("a");
  expect(pauses.has("a", 0)).toBe(false);
  expect(pauseAfterFailure()).toBe(1_000);
});

test("a job is left until its time, which is no failure", () => {
  const pauses = createJobPauses({ firstMs: 1_000, maxMs: 3_000 });
  pauses.leaveUntil("a", 30_000);
  expect([pauses.has("a", 29_999), pauses.has("a", 30_000)]).toEqual([true, false]);
  pauses.failed("a", 30_000);
  expect(pauses.has("a", 31_000)).toBe(false);
});

test("a job that does not run any more is forgotten", () => {
  const pauses = createJobPauses({ firstMs: 1_000, maxMs: 3_000 });
  pauses.failed("a", 0);
  pauses.failed("b", 0);
  pauses.keepOnly(new Set(["b"]));
  expect([pauses.has("a", 0), pauses.has("b", 0)]).toEqual([false, true]);
});
