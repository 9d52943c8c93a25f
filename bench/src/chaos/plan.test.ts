import { expect, test } from "vitest";
import { type PlannedFault, planFaults, targets } from "./plan.ts";

function take(count: number, seed: number): PlannedFault[] {
  const faults = planFaults(seed);
  return Array.from({ length: count }, () => faults.next().value);
}

test("a seed always plans the same faults, and another seed others", () => {
  expect(take(50, 7)).toEqual(take(50, 7));
  expect(take(50, 7)).not.toEqual(take(50, 8));
});

test("every target is hit in every way before long", () => {
  const hit = new Set(take(500, 1).map(({ target, blow }) => `${target} ${blow}`));
  expect(hit.size).toBe(12);
  expect(new Set(take(500, 1).map(({ target }) => target))).toEqual(new Set(targets));
});
