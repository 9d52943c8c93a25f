import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ActorSchema, ContentSchema, CreateRoomRequestSchema, JobKind, SendMessageRequestSchema } from "@maru/protocol";
import { beforeEach, expect, test, vi } from "vitest";
import { noCardTypes } from "../../test/cards/no-card-types.ts";
import type { JobStore } from "../domain/admin/job.ts";
import type { AdminDomain } from "../domain/admin/start-job.ts";
import type { Call } from "../domain/call.ts";
import { defaultDomainLimits } from "../domain/domain.ts";
import { createLog as createRoomLog, defaultLogLimits } from "../domain/log/log.ts";
import { sendMessage } from "../domain/messages/send.ts";
import { createRoom } from "../domain/rooms/create.ts";
import { openKind } from "../domain/rooms/room-kind.ts";
import type { Store } from "../domain/store.ts";
import { createLog } from "../log.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createMemoryJobStore } from "../store/memory-jobs.ts";
import { runJobs } from "./run-jobs.ts";

const call: Call = { caller: "ops", method: { name: "tests" }, signal: new AbortController().signal };
const service = create(ActorSchema, { kind: { case: "service", value: { name: "" } } });
const ann = create(ActorSchema, { kind: { case: "userId", value: "ann" } });
const content = create(ContentSchema, { kind: { case: "text", value: { text: "secret" } } });
const leaseMs = 60_000;
const eraseIndexDelayMs = 30_000;

let store: Store;
let jobs: JobStore;
let messages: string[];
let aheadMs: number;
beforeEach(() => {
  store = createMemoryStore();
  jobs = createMemoryJobStore();
  messages = [];
  aheadMs = 0;
});

function domainOver(parts: { store?: Store; jobs?: JobStore } = {}): AdminDomain {
  const over = { store, jobs, ...parts };
  return {
    ...over,
    limits: { ...defaultDomainLimits, eraseIndexDelayMs },
    cards: noCardTypes,
    kinds: { find: () => openKind },
    log: createRoomLog({
      store: over.store,
      clock: { nowMs: () => Date.now() + aheadMs },
      random: () => 0,
      sleep: async () => undefined,
      newKey: randomUUID,
      limits: defaultLogLimits,
    }),
  };
}

function startRunner(domain: AdminDomain) {
  const log = createLog("info", { write: (line) => messages.push(JSON.parse(line).message) });
  return runJobs({
    domain,
    log,
    pollMs: 5,
    leaseMs,
    roomsPerSecond: 10_000,
    retentionIntervalMs: 0,
    reconcileIntervalMs: 0,
  });
}

async function openRooms(count: number): Promise<void> {
  const domain = domainOver();
  for (let n = 0; n < count; n++) {
    const request = create(CreateRoomRequestSchema, { actor: service, kind: "group", members: [{ userId: "ann" }] });
    const { roomId } = (await createRoom(domain, call, request)).room;
    await sendMessage(domain, call, create(SendMessageRequestSchema, { roomId, actor: ann, content }));
  }
}

/** The store, and in which rooms something was erased through it. */
function watched(onErased: (roomIds: readonly string[]) => unknown = () => undefined) {
  const roomIds: string[] = [];
  const putEntryWithState: Store["putEntryWithState"] = async (logged, change) => {
    const outcome = await store.putEntryWithState(logged, change);
    roomIds.push(logged.entry.roomId);
    await onErased(roomIds);
    return outcome;
  };
  return { roomIds, store: { ...store, putEntryWithState } };
}

/** Started so long ago that the index knows all. */
const eraseOf = (userId: string, agoMs = 60_000) =>
  jobs.start({ kind: JobKind.ERASE_USER, userId, caller: "ops", key: randomUUID(), nowMs: Date.now() - agoMs });
const isDone = async (jobId: string) => (await jobs.read(jobId))?.isDone;
const untilDone = (jobId: string) => expect.poll(() => isDone(jobId), { timeout: 10_000 }).toBe(true);
const takeOver = (jobId: string) => jobs.acquire(jobId, "another", { nowMs: Date.now() + 2 * leaseMs, ttlMs: leaseMs });

test("a server goes on where another one stopped that was shut down in the middle", async () => {
  await openRooms(6);
  const { jobId } = await eraseOf("ann");
  const stopped = Promise.withResolvers<void>();
  const one = watched((roomIds) => {
    if (roomIds.length === 3) stopped.resolve();
  });
  const first = startRunner(domainOver(one));
  await stopped.promise;
  await first.drain();
  const left = await jobs.read(jobId);
  expect(left).toMatchObject({ isDone: false, lastError: "" });

  const two = watched();
  await using _second = startRunner(domainOver(two));
  await untilDone(jobId);
  expect(new Set([...one.roomIds, ...two.roomIds]).size).toBe(6);
  expect(one.roomIds.length + two.roomIds.length).toBe(6);
  expect((await jobs.read(jobId))?.progress).toMatchObject({ roomsDone: 6, entriesChanged: 6 });
});

test("jobs that fail do not keep a younger one from being done, and are tried again", async () => {
  await openRooms(1);
  const failing = await Promise.all(Array.from({ length: 45 }, () => eraseOf("broken")));
  const { jobId } = await eraseOf("ann");
  let isBroken = true;
  const listRoomIdsOf: Store["listRoomIdsOf"] = async (userId, ...page) => {
    if (userId === "broken" && isBroken) throw new Error("the index is broken");
    return store.listRoomIdsOf(userId, ...page);
  };
  await using _runner = startRunner(domainOver({ store: { ...store, listRoomIdsOf } }));
  await untilDone(jobId);
  for (const one of failing) expect(await jobs.read(one.jobId)).toMatchObject({ lastError: "the index is broken" });
  isBroken = false;
  for (const one of failing) await untilDone(one.jobId);
});

test("a server whose lease is lost stops in the middle of its walk", async () => {
  await openRooms(6);
  const { jobId } = await eraseOf("ann");
  const one = watched((roomIds) => (roomIds.length === 2 ? takeOver(jobId) : undefined));
  await using _runner = startRunner(domainOver(one));
  await vi.waitFor(() => expect(messages).toContain("another server has taken the job over"), { timeout: 10_000 });
  expect(one.roomIds).toHaveLength(2);
  expect((await jobs.read(jobId))?.progress).toMatchObject({ roomsDone: 1 });
});

test("a server whose lease is lost at the end does not say that the job is done", async () => {
  const { jobId } = await eraseOf("ann");
  const finish: JobStore["finish"] = async (...given) => {
    await takeOver(jobId);
    return jobs.finish(...given);
  };
  await using _runner = startRunner(domainOver({ jobs: { ...jobs, finish } }));
  await vi.waitFor(() => expect(messages).toContain("another server has taken the job over"), { timeout: 10_000 });
  expect(messages).not.toContain("a job is done");
});

test("an erasure that waits for the index leaves the server to other jobs, and is not begun again before its time", async () => {
  await openRooms(2);
  const waiting = await eraseOf("ann", 0);
  let walks = 0;
  const listRoomIdsOf: Store["listRoomIdsOf"] = (userId, ...page) => {
    if (userId === "ann") walks += 1;
    return store.listRoomIdsOf(userId, ...page);
  };
  await using _runner = startRunner(domainOver({ store: { ...store, listRoomIdsOf } }));
  const cursor = async () => (await jobs.read(waiting.jobId))?.progress.cursor;
  await expect.poll(cursor, { timeout: 10_000 }).toBe('{"walk":1}');
  const other = await eraseOf("bob");
  await untilDone(other.jobId);
  // The rooms were counted, and walked once.
  expect([await isDone(waiting.jobId), walks]).toEqual([false, 2]);
  aheadMs = eraseIndexDelayMs;
  await untilDone(waiting.jobId);
  expect(walks).toBe(3);
  expect((await jobs.read(waiting.jobId))?.progress).toMatchObject({ roomsDone: 2, entriesChanged: 2 });
});
