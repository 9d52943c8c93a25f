import { JobKind, ReconciliationProblem as Problem } from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { jobOf, openRoom } from "../../../test/job-fixtures.ts";
import { call, send, startServer } from "../../../test/log-fixtures.ts";
import { memoryTopic } from "../../../test/memory-topic-view.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { Domain } from "../domain.ts";
import type { Store } from "../store.ts";
import { type JobProgress, noProgress } from "./job.ts";
import { leftMissing, parseReport, type ReconcileScope } from "./reconciliation.ts";
import { judgedUntil, lateMs, readMarginMs, settleMs, walkReconcile } from "./walk-reconcile.ts";

const dayMs = 86_400_000;
let nowMs: number;
let topic: ReturnType<typeof memoryTopic>;
let store: Store;
let domain: Domain;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 25);
  usePartitions(3);
});

function usePartitions(partitions: number): void {
  topic = memoryTopic({ partitions, nowMs: () => nowMs });
  store = createMemoryStore({ onChange: (change) => topic.onChange(change), nowMs: () => nowMs });
  domain = startServer(store, { clock: { nowMs: () => nowMs } });
}

/** A room of so many entries, its creation included. */
async function room(entries: number): Promise<string> {
  const roomId = await openRoom(domain);
  for (let n = 1; n < entries; n++) await send(domain, roomId);
  return roomId;
}

function walkOf(scope: Partial<ReconcileScope> = {}, progress: JobProgress = noProgress) {
  const job = { ...jobOf(JobKind.RECONCILE, progress), scope: JSON.stringify(scope) };
  return walkReconcile({ ...domain, topic: topic.view }, call, job);
}

async function reconcile(scope: Partial<ReconcileScope> = {}, progress: JobProgress = noProgress) {
  let last = progress;
  for await (const step of walkOf(scope, progress)) last = step.progress;
  return { ...parseReport(last.report), roomsDone: last.roomsDone };
}

const later = (ms = 2 * lateMs) => {
  nowMs += ms;
};
const lost = (...seqs: number[]) => {
  topic.times = (seq) => (seqs.includes(seq) ? 0 : 1);
};

it("finds a hole, a lost end and a room that was lost altogether, refills them, and finds nothing the second time", async () => {
  const whole = await room(5);
  lost(3, 4, 7, 8);
  const holed = await room(8);
  lost(1, 2, 3);
  const silent = await room(3);
  later();
  const report = await reconcile();
  expect(report).toMatchObject({ compared: 16, missing: 7, refilled: 7, disordered: 0, unknown: 0, roomsDone: 3 });
  expect(report.findings.toSorted((a, b) => a.first - b.first || a.count - b.count)).toEqual([
    { roomId: silent, problem: Problem.REFILLED, first: 1, last: 3, count: 3 },
    { roomId: holed, problem: Problem.REFILLED, first: 3, last: 4, count: 2 },
    { roomId: holed, problem: Problem.REFILLED, first: 7, last: 8, count: 2 },
  ]);
  expect(topic.seqsOf(holed)).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
  expect(topic.seqsOf(silent)).toEqual([1, 2, 3]);
  expect(topic.seqsOf(whole)).toEqual([1, 2, 3, 4, 5]);
  expect(await reconcile()).toMatchObject({ compared: 16, missing: 0, repeated: 0, disordered: 0, findings: [] });
});

it("looks only at rooms that were asked for, or of which the topic has something", async () => {
  lost(2);
  const [one, other] = [await room(3), await room(3)];
  lost(1, 2, 3);
  const silent = await room(3);
  later();
  expect(await reconcile({ roomIds: [one] })).toMatchObject({ missing: 1, roomsDone: 1 });
  expect(await reconcile({ activeOnly: true })).toMatchObject({ missing: 1, roomsDone: 2 });
  expect(topic.seqsOf(other)).toEqual([1, 3, 2]);
  expect(topic.seqsOf(silent)).toEqual([]);
});

it("takes a young end of a room for on its way, and a hole in front of a later event for missing at once", async () => {
  lost(2, 4);
  const roomId = await room(4);
  later(settleMs - 1);
  expect(await reconcile()).toMatchObject({ compared: 3, missing: 1, refilled: 1, waiting: 1 });
  expect(topic.seqsOf(roomId)).toEqual([1, 3, 2]);
});

it("takes what the relay has not come to for on its way, but not for ever", () => {
  expect(judgedUntil(lateMs, lateMs - 1)).toBe(lateMs - settleMs);
  expect(judgedUntil(lateMs, 1_000)).toBe(1_000);
  expect(judgedUntil(10 * lateMs, 1_000)).toBe(9 * lateMs);
  expect(judgedUntil(10 * lateMs, undefined)).toBe(9 * lateMs);
});

it("leaves out what was appended before the time that was given", async () => {
  lost(2, 5, 6);
  const roomId = await room(4);
  later(dayMs);
  const sinceMs = nowMs;
  for (let n = 0; n < 3; n++) await send(domain, roomId);
  const old = await room(3);
  later();
  expect(await reconcile({ sinceMs, roomIds: [roomId] })).toMatchObject({ compared: 3, missing: 2, refilled: 2 });
  expect(topic.refills.map(({ seq }) => seq)).toEqual([5, 6]);
  expect(await reconcile({ sinceMs: nowMs, roomIds: [roomId, old] })).toMatchObject({ missing: 0 });
});

it("does not ask a topic that has lost its beginning for what was appended before", async () => {
  const roomId = await room(4);
  later(dayMs);
  await send(domain, roomId);
  later(2 * readMarginMs);
  lost(7);
  for (let n = 0; n < 3; n++) await send(domain, roomId);
  later();
  const partition = topic.partitions.findIndex((records) => records.length > 0);
  topic.cut(partition, 4n);
  expect(await reconcile()).toMatchObject({ missing: 1, refilled: 1 });
  topic.cut(partition, BigInt(topic.partitions[partition]?.length ?? 0));
  expect(await reconcile()).toMatchObject({ compared: 0, missing: 0 });
});

it("says what cannot be had, and goes on saying it", async () => {
  lost(2, 3);
  const roomId = await room(5);
  later(3 * dayMs);
  await store.raisePurgedBelow(roomId, 3);
  await store.deleteEntries(roomId, [2, 3]);
  for (const _round of [1, 2]) {
    const report = await reconcile();
    expect(leftMissing(report)).toBe(2);
    expect(report.findings.map(({ problem, first, last }) => [problem, first, last])).toEqual([
      [Problem.PURGED, 2, 2],
      [Problem.UNREADABLE, 3, 3],
    ]);
  }
});

it("counts repeats and disorder, and tells of events that the table does not have", async () => {
  topic.times = (seq) => (seq === 2 ? 3 : 1);
  const roomId = await room(4);
  const partition = topic.partitions.find((records) => records.length > 0) ?? [];
  const [first] = partition;
  if (first === undefined) throw new Error("nothing was relayed");
  const record = (seq: number) => ({ ...first, seq, offset: BigInt(partition.length) });
  partition.push(record(7));
  partition.push(record(6));
  later();
  const report = await reconcile();
  expect(report).toMatchObject({ missing: 0, repeated: 2, disordered: 1, unknown: 2 });
  expect(report.findings).toContainEqual({ roomId, problem: Problem.REPEATED, first: 2, last: 2, count: 2 });
  expect(report.findings).toContainEqual({ roomId, problem: Problem.DISORDERED, first: 6, last: 6, count: 1 });
  expect(report.findings).toContainEqual({ roomId, problem: Problem.UNKNOWN, first: 6, last: 7, count: 2 });
});

it("goes on where it stopped, and neither leaves a room out nor counts one twice", async () => {
  lost(2);
  const inTopic = await Promise.all(Array.from({ length: 12 }, () => room(3)));
  lost(1, 2);
  const silent = await Promise.all(Array.from({ length: 12 }, () => room(2)));
  later();
  let last = noProgress;
  let resumed = 0;
  for (let isDone = false; !isDone; resumed++) {
    isDone = true;
    for await (const step of walkOf({}, last)) {
      last = step.progress;
      if (step.rooms === undefined) continue;
      isDone = false;
      break;
    }
  }
  expect(resumed).toBeGreaterThan(6);
  expect(parseReport(last.report)).toMatchObject({ compared: 60, missing: 36, refilled: 36, repeated: 0 });
  expect(last.roomsDone).toBe(24);
  expect(new Set(topic.refills.map(({ roomId }) => roomId))).toEqual(new Set([...inTopic, ...silent]));
});

it("still looks at a room that the topic had nothing of and that came into it while the walk was interrupted", async () => {
  usePartitions(1);
  await room(2);
  lost(1, 2);
  const silent = await room(2);
  later();
  const interrupted = async () => {
    for await (const { progress, rooms } of walkOf()) if (rooms !== undefined) return progress;
    throw new Error("the walk visited no room");
  };
  const progress = await interrupted();
  await send(domain, silent);
  expect(await reconcile({}, progress)).toMatchObject({ missing: 2, refilled: 2, roomsDone: 2 });
  expect(topic.seqsOf(silent)).toEqual([3, 1, 2]);
});

it("takes repeats of what came before the part that is read for repeats, and not for disorder", async () => {
  const roomId = await room(4);
  later(dayMs);
  const sinceMs = nowMs;
  for (let n = 0; n < 2; n++) await send(domain, roomId);
  const partition = topic.partitions.find((records) => records.length > 0) ?? [];
  const again = partition.slice(-4);
  for (const record of again) partition.push({ ...record, storedAtMs: nowMs, offset: BigInt(partition.length) });
  later();
  expect(await reconcile({ sinceMs })).toMatchObject({ missing: 0, disordered: 0, repeated: 2 });
});
