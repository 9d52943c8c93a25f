import { connectMaru, type Maru, media, service, text, user } from "@maru/client";
import type { RoomConsumer } from "@maru/client/events";
import { JobState } from "@maru/protocol";
import { startTestMaru, type TestMaru } from "@maru/testing";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { followRooms } from "./follow-rooms.ts";
import { openIndex } from "./open-index.ts";
import { searchMessages, toExpression } from "./search-messages.ts";

const ann = user("ann");
const bob = user("bob");
const db = openIndex(":memory:");
const patience = { timeout: 10_000, interval: 10 };
let testMaru: TestMaru;
let maru: Maru;
let consumer: RoomConsumer;
let roomId: string;

beforeAll(async () => {
  // Each position that is stored, with what the handler wrote; without a unique key, so that nothing hides.
  db.exec(`
    CREATE TEMP TABLE journal (room_id, seq);
    CREATE TEMP TRIGGER stored AFTER INSERT ON main.positions BEGIN INSERT INTO journal VALUES (new.room_id, new.seq); END;
    CREATE TEMP TRIGGER moved AFTER UPDATE ON main.positions BEGIN INSERT INTO journal VALUES (new.room_id, new.seq); END`);
  testMaru = await startTestMaru();
  maru = connectMaru({ address: testMaru.grpcAddress, token: () => testMaru.token("shop") });
  consumer = await follow();
});
afterAll(async () => {
  await consumer?.close();
  await maru?.close();
  await testMaru?.close();
});
beforeEach(async () => {
  roomId = await openRoom("ann", "bob");
});

const follow = () => followRooms(maru, db, { brokers: testMaru.broker, commitIntervalMs: 5 });

async function openRoom(...userIds: string[]): Promise<string> {
  const members = userIds.map((userId) => ({ userId }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  return room?.roomId ?? "";
}

async function say(words: string, actor = ann, room = roomId): Promise<number> {
  const { entry } = await maru.messages.send({ roomId: room, actor, content: text(words) });
  return entry?.seq ?? 0;
}

/** What is found in the test's room, when all that was done before has come to the index. */
async function found(words: string, more: { userId?: string; roomId?: string | undefined } = { roomId }) {
  await caughtUp();
  return searchMessages(db, { words, limit: 20, ...more });
}

async function caughtUp(): Promise<void> {
  const last = await say("the last word");
  const query = { words: "the last word", roomId, limit: 100 };
  await expect.poll(() => searchMessages(db, query).map(({ seq }) => seq), patience).toContain(last);
}

const seqs = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq).sort((a, b) => a - b);

test("a message is found by its words and by how they begin, whatever their case and accents", async () => {
  const seq = await say("Is the blue Fahrrad still für sale?");
  expect(await found("BLUE fahr")).toMatchObject([{ roomId, seq, sender: "user ann" }]);
  expect((await found("fur"))[0]?.snippet).toBe("Is the blue Fahrrad still [für] sale?");
  expect(await found("blue green")).toEqual([]);
});

test("captions are found, and what people type is never an operator", async () => {
  const content = media([{ url: "https://cdn.example/1", mediaType: "image/jpeg" }], "a velvet sofa");
  const { entry } = await maru.messages.send({ roomId, actor: bob, content });
  expect(seqs(await found("velvet"))).toEqual([entry?.seq]);
  for (const odd of ['"', "velvet OR blue", "sofa NOT velvet", "text:velvet", "NEAR(velvet", "*", "-velvet"]) {
    await expect(found(odd)).resolves.toBeInstanceOf(Array);
  }
  expect(toExpression(` he said "no"  * `)).toBe('"he"* "said"* """no"""*');
});

test("an edit replaces the words, and a delete takes them away", async () => {
  const seq = await say("it costs ten");
  await maru.messages.edit({ roomId, actor: ann, seq, content: text("it costs twelve") });
  expect(await found("ten")).toEqual([]);
  expect(seqs(await found("twelve"))).toEqual([seq]);
  await maru.messages.delete({ roomId, actor: ann, seq });
  expect(await found("costs")).toEqual([]);
});

test("a held message is found once it is committed, and never when it is cancelled", async () => {
  const hold = async (words: string) => {
    const { entry } = await maru.messages.send({ roomId, actor: ann, content: text(words), holdMs: 60_000 });
    return entry?.seq ?? 0;
  };
  const kept = await hold("remittance of forty");
  const dropped = await hold("remittance of fifty");
  expect(await found("remittance")).toEqual([]);
  await maru.messages.commit({ roomId, actor: service(), seq: kept });
  await maru.messages.cancel({ roomId, actor: service(), seq: dropped });
  expect(await found("remittance")).toMatchObject([{ seq: kept, sender: "user ann" }]);
});

test("somebody finds what was said in rooms that they are in, and no longer when they left", async () => {
  const seq = await say("our secret garden");
  expect(seqs(await found("secret garden", { userId: "bob", roomId }))).toEqual([seq]);
  expect(await found("secret garden", { userId: "eve", roomId })).toEqual([]);
  await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "eve" }] });
  expect(seqs(await found("secret garden", { userId: "eve", roomId }))).toEqual([seq]);
  await maru.rooms.leave({ roomId, actor: bob });
  expect(await found("secret garden", { userId: "bob", roomId })).toEqual([]);
});

test("what an erased user wrote is gone, word by word, and what others wrote stays", async () => {
  const userId = `gone-${roomId}`;
  const room = await openRoom(userId, "bob");
  await say("xylophone lessons", user(userId), room);
  const seq = await say("xylophone, really?", bob, room);
  expect(await found("xylophone", { roomId: room })).toHaveLength(2);
  const { job } = await maru.admin.eraseUser({ userId });
  await vi.waitFor(async () => {
    const { job: now } = await maru.admin.getJob({ jobId: job?.jobId ?? "" });
    expect(now?.state).toBe(JobState.DONE);
  }, patience);
  await expect
    .poll(() => seqs(searchMessages(db, { words: "xylophone", roomId: room, limit: 9 })), patience)
    .toEqual([seq]);
  expect(await found("lessons", { roomId: undefined })).toEqual([]);
});

test("each event has its effect once, also when the group forgets how far it was, and all comes again", async () => {
  const journal = () =>
    db
      .prepare("SELECT room_id || '/' || seq AS event FROM journal")
      .all()
      .map(({ event }) => event);
  const seq = await say("once and for all");
  await caughtUp();
  await consumer.close();
  const before = journal();
  testMaru.faults.forgetOffsets("search");
  consumer = await follow();
  expect(seqs(await found("once all"))).toEqual([seq]);
  expect(journal()).toHaveLength(before.length + 1); // the last word of `found`
  expect(new Set(journal()).size).toBe(journal().length);
});
