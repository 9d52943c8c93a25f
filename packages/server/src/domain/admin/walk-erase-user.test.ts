import { create } from "@bufbuild/protobuf";
import {
  CommitMessageRequestSchema,
  type Content,
  ContentSchema,
  EditMessageRequestSchema,
  ErrorReason,
  JobKind,
  SetReactionsRequestSchema,
} from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { jobOf, openRoom, progressOf, stepOf } from "../../../test/job-fixtures.ts";
import { call, send, service, startServer, user } from "../../../test/log-fixtures.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { Domain } from "../domain.ts";
import { commitMessage } from "../messages/commit.ts";
import { editMessage } from "../messages/edit.ts";
import { setReactions } from "../messages/set-reactions.ts";
import type { PutOutcome, Store } from "../store.ts";
import { eraseRoom } from "./erase-room.ts";
import { type JobProgress, type JobStep, noProgress } from "./job.ts";
import { verifyRoom } from "./verify-room.ts";
import { walkEraseUser } from "./walk-erase-user.ts";

let store: Store;
let domain: Domain;
beforeEach(() => {
  store = createMemoryStore();
  domain = startServer(store);
});

const ann = user("ann");
const text = (words: string): Content => create(ContentSchema, { kind: { case: "text", value: { text: words } } });
const say = async (roomId: string, words: string, actor = ann, holdMs = 0) =>
  (await send(domain, roomId, { text: words, actor, holdMs })).seq;
const edit = (server: Domain, roomId: string, seq: number, words: string) =>
  editMessage(server, call, create(EditMessageRequestSchema, { roomId, actor: ann, seq, content: text(words) }));
const walkFrom = (progress: JobProgress) => walkEraseUser(domain, call, jobOf(JobKind.ERASE_USER, progress));
const erase = (progress: JobProgress = noProgress) => progressOf(walkFrom(progress));

const readAll = (roomId: string) => store.readEntries({ roomId, limit: 10_000 });
/** Entries, and what is kept beside them. */
const allOf = async (roomId: string) =>
  JSON.stringify(await readAll(roomId), (_name, value) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Map ? [...value] : value;
  });

it("takes as many steps as a long room needs, each an entry of its own, and leaves others' words", async () => {
  const roomId = await openRoom(domain);
  for (let n = 0; n < 150; n++) await say(roomId, `secret ${n}`, n % 3 === 0 ? user("bob") : ann);
  expect((await erase()).at(-1)).toMatchObject({ roomsDone: 1, roomsTotal: 1, entriesChanged: 100 });
  const log = await readAll(roomId);
  const left = log.filter(({ entry }) => entry.body.case === "messageSent" && entry.body.value.content !== undefined);
  expect(left.map(({ entry }) => entry.actor?.kind.value)).toEqual(Array(50).fill("bob"));
  const told = log.flatMap(({ entry: { body } }) => (body.case === "userErased" ? [body.value.entryCount] : []));
  expect(told.length).toBeGreaterThan(1);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
});

it("changes 50 edits of a message with the message, and finds nothing left the second time", async () => {
  const roomId = await openRoom(domain);
  const seqs = [await say(roomId, "secret one"), await say(roomId, "secret two")];
  for (let n = 0; n < 50; n++) for (const seq of seqs) await edit(domain, roomId, seq, `secret edit ${n}`);
  expect(await allOf(roomId)).toContain("secret");
  await erase();
  expect(await allOf(roomId)).not.toContain("secret");
  const before = (await readAll(roomId)).length;
  expect((await erase()).at(-1)).toMatchObject({ entriesChanged: 0 });
  expect(await readAll(roomId)).toHaveLength(before);
});

it("takes more than one step for a message whose edits are too large for one, and leaves nothing of it", async () => {
  domain = { ...domain, limits: { ...domain.limits, maxTextBytes: 70_000 } };
  const roomId = await openRoom(domain);
  const seq = await say(roomId, "secret");
  for (let n = 0; n < 50; n++) await edit(domain, roomId, seq, `secret edit ${n} ${"x".repeat(65_000)}`);
  expect((await erase()).at(-1)).toMatchObject({ roomsDone: 1 });
  expect(await allOf(roomId)).not.toContain("secret");
  const told = (await readAll(roomId)).filter(({ entry }) => entry.body.case === "userErased");
  expect(told).toHaveLength(2);
  expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
});

it("also takes what a commit carried of a message that retention has removed", async () => {
  const roomId = await openRoom(domain);
  const seq = await say(roomId, "secret held", ann, 3_600_000);
  await commitMessage(domain, call, create(CommitMessageRequestSchema, { roomId, actor: service, seq }));
  await say(roomId, "of bob", user("bob"));
  await store.raisePurgedBelow(roomId, seq + 1);
  await store.deleteEntries(roomId, [seq]);
  expect(await allOf(roomId)).toContain("secret");
  await erase();
  expect(await allOf(roomId)).not.toContain("secret");
  expect(await allOf(roomId)).toContain("of bob");
});

it("tells a room once whose content retention removed while the erasure was on its way to it", async () => {
  const roomId = await openRoom(domain);
  const seq = await say(roomId, "secret");
  await say(roomId, "of bob", user("bob"));
  // What the page shows is gone by the time at which the step reads it.
  let isSeen = false;
  domain = startServer({
    ...store,
    async readEntries(range) {
      const page = await store.readEntries(range);
      if (isSeen || !page.some(({ entry }) => entry.seq === seq)) return page;
      isSeen = true;
      await store.raisePurgedBelow(roomId, seq + 1);
      await store.deleteEntries(roomId, [seq]);
      return page;
    },
  });
  // One look at the room: the walk's second one would tell it late what this one left out.
  const steps = await Array.fromAsync(eraseRoom(domain, call, { roomId, userId: "ann" }));
  expect(steps.map(({ changed }) => changed)).toEqual([0]);
  expect(await allOf(roomId)).not.toContain("secret");
  const told = (await readAll(roomId)).filter(({ entry }) => entry.body.case === "userErased");
  expect(told.map(({ entry }) => entry.body.value)).toMatchObject([{ userId: "ann", entryCount: 0 }]);
});

it("goes on in the room behind the one where it stopped, and tells each room, also one without a word of the user", async () => {
  const roomIds = await Promise.all([openRoom(domain), openRoom(domain), openRoom(domain)]);
  for (const roomId of roomIds.slice(1)) await say(roomId, "secret");
  let first = noProgress;
  for await (const { progress, endsRoom } of walkFrom(noProgress)) {
    first = progress;
    if (endsRoom) break;
  }
  domain = startServer(store);
  expect((await erase(first)).at(-1)).toMatchObject({ roomsDone: 3, roomsTotal: 3, entriesChanged: 2 });
  for (const roomId of roomIds) {
    expect(await allOf(roomId)).not.toContain("secret");
    const told = (await readAll(roomId)).filter(({ entry }) => entry.body.case === "userErased");
    expect(told).toHaveLength(1);
  }
});

it("says how far it is in a room too, and goes on there, without a word to a room that it has told", async () => {
  const roomId = await openRoom(domain);
  for (let n = 0; n < 100; n++) await say(roomId, `secret ${n}`);
  const step = await stepOf(walkFrom(noProgress), 1);
  expect(step).toMatchObject({ endsRoom: false, progress: { roomsDone: 0, entriesChanged: 40 } });
  const reads: number[] = [];
  domain = startServer({
    ...store,
    readEntries(range) {
      reads.push(range.after ?? 0);
      return store.readEntries(range);
    },
  });
  expect((await erase(step.progress)).at(-1)).toMatchObject({ roomsDone: 1, entriesChanged: 100 });
  expect(reads[0]).toBeGreaterThanOrEqual(40);
  expect(await allOf(roomId)).not.toContain("secret");

  for (let n = 0; n < 450; n++) await say(roomId, "of bob", user("bob"));
  const count = (await readAll(roomId)).length;
  const behindWhatTells = await stepOf(walkFrom(noProgress), 2);
  expect(behindWhatTells).toMatchObject({ endsRoom: false });
  await erase(behindWhatTells.progress);
  expect(await readAll(roomId)).toHaveLength(count);
});

it("looks again only when the index has had time to follow, and then finds a room that it did not know", async () => {
  const started = jobOf(JobKind.ERASE_USER);
  let nowMs = started.createdAtMs;
  domain = startServer(store, { clock: { nowMs: () => nowMs } });
  domain = { ...domain, limits: { ...domain.limits, eraseIndexDelayMs: 30_000 } };
  const roomIds = [await openRoom(domain), await openRoom(domain)].sort();
  for (const roomId of roomIds) await say(roomId, "secret");
  const late: Store = { ...store, listRoomIdsOf: async (_userId, after) => roomIds.slice(0, after ? 0 : 1) };
  let left: JobStep | undefined;
  for await (const step of walkEraseUser({ ...domain, store: late }, call, started)) {
    left = step;
    if (step.resumeAtMs !== undefined) break;
  }
  expect(left).toMatchObject({ resumeAtMs: 30_000, progress: { roomsDone: 1 } });
  const goOn = () => walkFrom(left?.progress ?? noProgress);
  nowMs += 29_999;
  expect(await stepOf(goOn(), 1)).toMatchObject({ resumeAtMs: nowMs + 1 });
  nowMs += 1;
  await progressOf(goOn());
  for (const roomId of roomIds) expect(await allOf(roomId)).not.toContain("secret");
});

const decidedBefore: Record<string, (writing: Domain, roomId: string, seq: number) => Promise<unknown>> = {
  "an edit": (writing, roomId, seq) => edit(writing, roomId, seq, "secret again"),
  "a reaction of another user": (writing, roomId, seq) => {
    const reaction = { roomId, actor: user("bob"), seq, kinds: ["👍"] };
    return setReactions(writing, call, create(SetReactionsRequestSchema, reaction));
  },
};

it.each(Object.entries(decidedBefore))("is not undone by %s that was decided before", async (_name, write) => {
  const roomId = await openRoom(domain);
  const seq = await say(roomId, "secret");
  const { promise: erased, resolve: release } = Promise.withResolvers<void>();
  const { promise: decided, resolve: hold } = Promise.withResolvers<void>();
  const outcomes: PutOutcome["kind"][] = [];
  const writing = startServer({
    ...store,
    async putEntryWithState(...put) {
      hold();
      await erased;
      const outcome = await store.putEntryWithState(...put);
      outcomes.push(outcome.kind);
      return outcome;
    },
  });
  const refusal = expect(write(writing, roomId, seq)).rejects.toMatchObject({ reason: ErrorReason.MESSAGE_DELETED });
  await decided;
  await erase();
  expect(await allOf(roomId)).not.toContain("secret");
  release();
  await refusal;
  expect(outcomes).toEqual(["taken"]);
  expect(await allOf(roomId)).not.toContain("secret");
  expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
});
