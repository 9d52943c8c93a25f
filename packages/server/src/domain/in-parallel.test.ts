import { expect, it } from "vitest";
import { inParallel } from "./in-parallel.ts";

it("results are in the order of the items, and no more are worked on at once than allowed", async () => {
  let [running, most] = [0, 0];
  const gates = Array.from({ length: 9 }, () => Promise.withResolvers<void>());
  const results = inParallel([...gates.keys()], 3, async (n) => {
    most = Math.max(most, ++running);
    await gates[n]?.promise;
    running--;
    return n * 10;
  });
  for (const gate of gates.toReversed()) gate.resolve();
  expect(await results).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80]);
  expect(most).toBe(3);
  expect(await inParallel([], 3, async () => 1)).toEqual([]);
});

it("a failure is the failure of the whole", async () => {
  const work = async (n: number) => (n === 2 ? Promise.reject(new Error("two")) : n);
  await expect(inParallel([1, 2, 3], 2, work)).rejects.toThrow("two");
});
