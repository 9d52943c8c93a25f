import type { PartitionClaim } from "@maru/kafka";
import { expect, test } from "vitest";
import { createOffsetTracker } from "./commit.ts";
import { createPartitionCommits } from "./partition-commits.ts";

function startCommits(commit: PartitionClaim["commit"], intervalMs: number) {
  const offsets = createOffsetTracker();
  const failures: unknown[] = [];
  const lost = new AbortController();
  const claim: PartitionClaim = {
    topic: "t",
    partition: 0,
    startOffset: 0n,
    startsFrom: "committed",
    position: 0n,
    highOffset: 0n,
    signal: lost.signal,
    commit,
    pause() {},
    resume() {},
    seek() {},
  };
  const fail = (error: unknown) => void failures.push(error);
  const commits = createPartitionCommits({ offsets, intervalMs, stored: () => {}, fail }, claim);
  return { offsets, commits, failures, lost };
}

const NEVER_MS = 60_000;

test("a commit at once is asked for before the call returns, and not asked for twice", async () => {
  const asked: bigint[] = [];
  const { offsets, commits, lost } = startCommits(async (next) => asked.push(next) > 0, NEVER_MS);
  offsets.finish(offsets.take(0n));
  commits.moved();
  const first = commits.now();
  expect(asked).toEqual([1n]);
  await first;
  await commits.now();
  expect(asked).toEqual([1n]);
  lost.abort();
});

test("one commit at a time covers all that was done meanwhile", async () => {
  const asked: bigint[] = [];
  const gate = Promise.withResolvers<boolean>();
  const { offsets, commits } = startCommits((next) => {
    asked.push(next);
    return gate.promise;
  }, 1);
  offsets.finish(offsets.take(0n));
  commits.moved();
  await expect.poll(() => asked).toEqual([1n]);
  for (const offset of [1n, 2n, 3n]) {
    offsets.finish(offsets.take(offset));
    commits.moved();
  }
  const last = commits.last();
  expect(asked).toEqual([1n]);
  gate.resolve(true);
  await last;
  expect(asked).toEqual([1n, 4n]);
});

test("a commit that the brokers refuse is told, and the wait for it ends", async () => {
  const { offsets, commits, failures } = startCommits(async () => {
    throw new Error("refused");
  }, NEVER_MS);
  offsets.finish(offsets.take(0n));
  await commits.now();
  expect(failures).toEqual([new Error("refused")]);
});

test("nothing is committed for a partition that was lost", async () => {
  const asked: bigint[] = [];
  const { offsets, commits, lost } = startCommits(async (next) => asked.push(next) > 0, NEVER_MS);
  offsets.finish(offsets.take(0n));
  lost.abort();
  commits.moved();
  await commits.last();
  expect(asked).toEqual([]);
});
