import { clone, create, equals } from "@bufbuild/protobuf";
import { type Entry, EntrySchema, MessageSchema } from "@maru/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Log } from "../src/domain/log/log.ts";
import { readRecent } from "../src/domain/log/read-recent.ts";
import type { EntryChange, EntryRange, Store } from "../src/domain/store.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { add, makeRoom, send, startServer } from "./log-fixtures.ts";
import { logged, textEntry } from "./store-fixtures.ts";

/** What somebody else writes into the room: each kind of entry that changes earlier ones, and some that do not. */
const kinds = [
  "text",
  "text",
  "messageEdited",
  "messageDeleted",
  "messageCommitted",
  "messageCancelled",
  "cardUpdated",
  "reactionsChanged",
  "messagePinned",
  "messageUnpinned",
  "userErased",
] as const;

type Step =
  | { readonly kind: "write"; readonly what: (typeof kinds)[number]; readonly pick: number }
  | { readonly kind: "own" }
  | { readonly kind: "join" }
  | { readonly kind: "purge"; readonly pick: number }
  | { readonly kind: "read"; readonly range: Omit<EntryRange, "roomId"> };

const number = fc.option(fc.nat(40), { nil: undefined });
const range = fc.record({
  after: number,
  before: fc.option(fc.integer({ min: 1, max: 45 }), { nil: undefined }),
  newestFirst: fc.boolean(),
  limit: fc.integer({ min: 1, max: 20 }),
});
const newest = fc.record({ newestFirst: fc.constant(true), limit: fc.integer({ min: 1, max: 20 }) });
const steps: { readonly arbitrary: fc.Arbitrary<Step>; readonly weight: number }[] = [
  { arbitrary: fc.record({ kind: fc.constant("write"), what: fc.constantFrom(...kinds), pick: fc.nat() }), weight: 6 },
  { arbitrary: fc.constantFrom<Step>({ kind: "own" }, { kind: "join" }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("purge"), pick: fc.nat() }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("read"), range: fc.oneof(newest, range) }), weight: 6 },
];
const step = fc.oneof(...steps);

/** Entries as another server, or another version of it, puts them: with what they change in the same transaction. */
async function write(store: Store, roomId: string, what: (typeof kinds)[number], pick: number): Promise<void> {
  const all = await store.readEntries({ roomId, limit: 1_000 });
  const seq = (all.at(-1)?.entry.seq ?? 0) + 1;
  if (what === "text") {
    await store.putEntry(textEntry(roomId, seq));
    return;
  }
  const messages = all.filter(({ entry }) => entry.body.case === "messageSent").map(({ entry }) => entry);
  const target = messages[pick % messages.length];
  if (target === undefined) return;
  const value = what === "userErased" ? { userId: "ann" } : { targetSeq: target.seq, content: { kind: {} } };
  const body = { case: what, value } as Entry["body"];
  const touched = what === "userErased" ? messages : [target, ...sayingsOf(all, what, target.seq)];
  const entries = touched.map((entry): EntryChange => ({ seq: entry.seq, body: changed(entry, seq) }));
  const type = what.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  expect(await store.putEntryWithState(logged(roomId, seq, { type, body }), { entries })).toEqual({ kind: "stored" });
}

/** A deletion takes the content out of the edits too. */
function sayingsOf(all: readonly { readonly entry: Entry }[], what: string, seq: number): Entry[] {
  if (what !== "messageDeleted") return [];
  return all.flatMap(({ entry }) =>
    entry.body.case === "messageEdited" && entry.body.value.targetSeq === seq ? [entry] : [],
  );
}

function changed(entry: Entry, bySeq: number): Entry["body"] {
  const { body } = clone(EntrySchema, entry);
  if (body.case === "messageEdited") return { case: body.case, value: { ...body.value, content: undefined } };
  return { case: "messageSent", value: create(MessageSchema, { editCount: bySeq }) };
}

async function purge(store: Store, roomId: string, pick: number): Promise<void> {
  const all = await store.readEntries({ roomId, limit: 1_000 });
  const below = pick % (all.at(-1)?.entry.seq ?? 1);
  await store.raisePurgedBelow(roomId, below);
  const dayAgoMs = Date.now() - 24 * 60 * 60_000;
  const old = all.filter(({ entry, appendedAtMs }) => entry.seq < below && appendedAtMs < dayAgoMs);
  const messages = old.filter(({ entry }) => entry.type === "message_sent");
  await store.deleteEntries(
    roomId,
    messages.map(({ entry }) => entry.seq),
  );
}

async function expectSame(log: Log, store: Store, asked: EntryRange): Promise<void> {
  const [found, wanted] = [await readRecent(log, asked), await store.readEntries(asked)];
  expect(found.map(({ entry }) => entry.seq)).toEqual(wanted.map(({ entry }) => entry.seq));
  for (const [n, one] of found.entries()) {
    expect(equals(EntrySchema, one.entry, (wanted[n] as typeof one).entry), `entry ${one.entry.seq}`).toBe(true);
    expect(one.record).toEqual(wanted[n]?.record);
  }
}

test("whatever others write and retention removes, a page is what the table has, also where it is cached", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const store = createMemoryStore();
      const server = startServer(store);
      const { roomId } = (await makeRoom(server)).room;
      let users = 0;
      for (const one of steps) {
        if (one.kind === "write") await write(store, roomId, one.what, one.pick);
        else if (one.kind === "own") await send(server, roomId);
        else if (one.kind === "join") await add(server, roomId, [`user ${++users}`]);
        else if (one.kind === "purge") await purge(store, roomId, one.pick);
        else await expectSame(server.log, store, { roomId, ...one.range });
      }
    }),
    { numRuns: 500 },
  );
});

/** A store that counts what is read, and can be told to wait. */
function countingStore(inner: Store) {
  const read = { entries: 0, rooms: 0, queries: 0 };
  const counting: Store = {
    ...inner,
    async readEntries(asked) {
      read.queries++;
      const found = await inner.readEntries(asked);
      read.entries += found.length;
      return found;
    },
    readRoom(roomId) {
      read.rooms++;
      return inner.readRoom(roomId);
    },
  };
  return { counting, read };
}

async function openRoom(messages: number) {
  const inner = createMemoryStore();
  const writer = startServer(inner);
  const { roomId } = (await makeRoom(writer)).room;
  for (let n = 0; n < messages; n++) await send(writer, roomId);
  const { counting, read } = countingStore(inner);
  const reader = startServer(counting);
  const page = (limit = 20) => readRecent(reader.log, { roomId, newestFirst: true, limit });
  return { writer, reader, roomId, read, page, inner };
}

test("a cached page costs one query that finds nothing, and a message that came since is in it", async () => {
  const { writer, read, page, roomId } = await openRoom(40);
  await page();
  Object.assign(read, { queries: 0, entries: 0 });
  expect(await page()).toHaveLength(20);
  expect(read).toEqual({ queries: 1, entries: 0, rooms: 0 });
  const { seq } = await send(writer, roomId);
  expect((await page())[0]?.entry.seq).toBe(seq);
  expect(read).toEqual({ queries: 2, entries: 1, rooms: 0 });
});

test("those who ask for a page at once share two queries", async () => {
  const { read, page } = await openRoom(40);
  await page();
  read.queries = 0;
  const pages = await Promise.all(Array.from({ length: 10 }, () => page()));
  expect(read.queries).toBe(2);
  for (const one of pages) expect(one).toEqual(pages[0]);
});

test("what this server sends to a room that is read is in its cache already", async () => {
  const { reader, read, page, roomId } = await openRoom(10);
  await page(5);
  const { seq } = await send(reader, roomId);
  Object.assign(read, { queries: 0, entries: 0 });
  expect((await page(5)).map(({ entry }) => entry.seq)).toEqual([seq, seq - 1, seq - 2, seq - 3, seq - 4]);
  expect(read).toMatchObject({ queries: 1, entries: 0 });
});

test("a message that was changed is read again once, and then cached as it is now", async () => {
  const { inner, read, page, roomId } = await openRoom(40);
  await page();
  await write(inner, roomId, "messageEdited", 35);
  Object.assign(read, { queries: 0, entries: 0 });
  const [first, second] = [await page(), await page()];
  expect(second).toEqual(first);
  expect(second.some(({ entry }) => entry.body.case === "messageSent" && entry.body.value.editCount > 0)).toBe(true);
  // The edit and the message; then nothing.
  expect(read).toMatchObject({ queries: 3, entries: 2 });
});

test("of old entries it is asked what retention has removed", async () => {
  const { reader, read, page } = await openRoom(10);
  await page(5);
  expect(read.rooms).toBe(0);
  const dayMs = 24 * 60 * 60_000;
  const late = { ...reader.log, clock: { nowMs: () => Date.now() + dayMs } };
  await readRecent(late, { roomId: (await page(1))[0]?.entry.roomId ?? "", newestFirst: true, limit: 5 });
  expect(read.rooms).toBe(1);
});
