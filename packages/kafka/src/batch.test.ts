import { expect, test } from "vitest";
import { halve, takeBatch } from "./batch.ts";

const items = (...sizes: number[]) => sizes.map((sizeBytes) => ({ sizeBytes }));

test("a batch ends before the byte bound is passed, and the rest stays in the queue", () => {
  const queue = items(40, 40, 40);
  expect(takeBatch(queue, { maxBatchBytes: 100, maxBatchCount: 10 })).toHaveLength(2);
  expect(queue).toHaveLength(1);
});

test("a batch ends at the count bound", () => {
  expect(takeBatch(items(1, 1, 1), { maxBatchBytes: 100, maxBatchCount: 2 })).toHaveLength(2);
});

test("an item larger than the bound goes alone", () => {
  expect(takeBatch(items(500, 1), { maxBatchBytes: 100, maxBatchCount: 10 })).toEqual(items(500));
});

test("an empty queue gives an empty batch", () => {
  expect(takeBatch([], { maxBatchBytes: 1, maxBatchCount: 1 })).toEqual([]);
});

test("halves are in order and never empty", () => {
  expect(halve([1, 2, 3])).toEqual([[1, 2], [3]]);
  expect(halve([1, 2])).toEqual([[1], [2]]);
});
