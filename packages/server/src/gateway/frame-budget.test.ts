import { expect, test } from "vitest";
import { FrameBudget } from "./frame-budget.ts";

const take = (budget: FrameBudget, times: number, nowMs: number) =>
  Array.from({ length: times }, () => budget.take(nowMs));

test("a burst passes at once, then as many as the rate allows", () => {
  const budget = new FrameBudget({ perSecond: 10, burst: 3 }, 0);
  expect(take(budget, 4, 0)).toEqual([0, 0, 0, 200]);
  expect(take(budget, 1, 50)).toEqual([250]);
  expect(take(budget, 2, 300)).toEqual([0, 200]);
});

test("refused frames count, so that who goes on regardless ends up as a flood", () => {
  const budget = new FrameBudget({ perSecond: 10, burst: 3 }, 0);
  expect(take(budget, 7, 0).at(-1)).toBe("flood");
  const patient = new FrameBudget({ perSecond: 10, burst: 3 }, 0);
  expect(take(patient, 6, 0).at(-1)).toBe(400);
  expect(patient.take(10_000)).toBe(0);
});
