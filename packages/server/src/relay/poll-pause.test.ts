import { expect, test } from "vitest";
import { nextPauseMs } from "./poll-pause.ts";

test("a shard with much to read is read on at once", () => {
  expect(nextPauseMs(1_000, 0, 100)).toBe(0);
  expect(nextPauseMs(100, 80, 100)).toBe(0);
});

test("records that trickle in are gathered for a moment, never longer than the limit", () => {
  expect(nextPauseMs(1, 80, 100)).toBe(10);
  expect(nextPauseMs(99, 0, 5)).toBe(5);
});

test("a shard in which nothing happens is read ever less often, up to the limit", () => {
  const pauses = [0, 0, 0, 0, 0].reduce<number[]>((all) => [...all, nextPauseMs(0, all.at(-1) ?? 0, 100)], []);
  expect(pauses).toEqual([10, 20, 40, 80, 100]);
});
