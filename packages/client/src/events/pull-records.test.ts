import type { ConsumedRecord } from "@maru/kafka";
import { expect, test } from "vitest";
import { pullRecords } from "./pull-records.ts";

const recordsOf = (...offsets: bigint[]) => offsets.map((offset) => ({ offset }) as ConsumedRecord);
const { signal } = new AbortController();

test("the next batch is asked for when the one before was taken, and the end of the reading ends the loop", async () => {
  const story: string[] = [];
  const records = pullRecords(async (onRecords) => {
    for (const batch of [recordsOf(1n, 2n), recordsOf(3n)]) {
      story.push("read");
      await onRecords(batch);
    }
  }, signal);
  for await (const { offset } of records) story.push(`${offset}`);
  expect(story).toEqual(["read", "1", "2", "read", "3"]);
});

test("leaving the loop ends the reading and releases what waits", async () => {
  let ended = false;
  const records = pullRecords(async (onRecords, stop) => {
    await onRecords(recordsOf(1n, 2n));
    ended = stop.aborted;
  }, signal);
  for await (const _ of records) break;
  expect(ended).toBe(true);
});

test("what the reading throws, and an abort, end the loop with that error", async () => {
  const failing = pullRecords(() => Promise.reject(new Error("no broker")), signal);
  await expect(failing.next()).rejects.toThrow("no broker");
  const stop = new AbortController();
  const waiting = pullRecords(
    (_, aborted) => new Promise((resolve) => aborted.addEventListener("abort", () => resolve())),
    stop.signal,
  );
  const next = waiting.next();
  stop.abort(new Error("enough"));
  await expect(next).rejects.toThrow("enough");
});
