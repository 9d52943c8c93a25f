import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { startTestMaru, type TestMaru } from "@maru/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Push } from "./decide-pushes.ts";
import { deliverTo } from "./deliver-to.ts";
import { type PushOptions, startPush } from "./start-push.ts";

const folder = mkdtempSync(join(tmpdir(), "maru-push-"));
const patience = { timeout: 10_000, interval: 5 };
const [ann, bob] = [user("ann"), user("bob")];
const connected = new Set<string>();
let testMaru: TestMaru;
let maru: Maru;
let roomId: string;
let number = 0;
/** The service's clock: bursts end when a test says so. */
let nowMs = Date.now();
let pushes: Push[] = [];

beforeAll(async () => {
  testMaru = await startTestMaru();
  maru = connectMaru({ address: testMaru.grpcAddress, token: () => testMaru.token("push") });
});
afterAll(async () => {
  await maru?.close();
  await testMaru?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  number++;
  pushes = [];
  connected.clear();
  const members = ["ann", "bob", "eve"].map((userId) => ({ userId }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  roomId = room?.roomId ?? "";
});

function start(more: Partial<PushOptions> = {}) {
  return startPush({
    maru,
    file: join(folder, `${number}.sqlite`),
    group: `push-${number}`,
    brokers: testMaru.broker,
    commitIntervalMs: 5,
    everyMs: 5,
    nowMs: () => nowMs,
    presence: async (userIds) => new Set(userIds.filter((userId) => connected.has(userId))),
    deliver: async (push) => void (push.roomId === roomId && pushes.push(push)),
    onError: () => {},
    onWarning: () => {},
    ...more,
  });
}

async function say(words: string, actor = ann): Promise<number> {
  const { entry } = await maru.messages.send({ roomId, actor, content: text(words) });
  return entry?.seq ?? 0;
}

/** Waits until all that happened in the room has come. */
async function arrived(): Promise<void> {
  const { room } = await maru.rooms.get({ roomId });
  using db = new DatabaseSync(join(folder, `${number}.sqlite`), { readOnly: true });
  const position = db.prepare("SELECT seq FROM positions WHERE room_id = ?");
  await expect.poll(() => position.get(roomId)?.seq, patience).toBe(room?.lastSeq);
}

/** Lets the time of all bursts pass, once all that was said has come. */
async function pass(): Promise<void> {
  await arrived();
  nowMs += 3_000;
}

const told = () => pushes.map(({ userId, text: words, messageCount }) => [userId, words, messageCount]);

test("members who are away get one push of what a sender said, others none", async () => {
  connected.add("eve");
  await using _ = await start();
  for (const words of ["hi", "are you there?", "lunch?"]) await say(words);
  await pass();
  await expect.poll(told, patience).toEqual([["bob", "lunch?", 3]]);
  connected.clear();
  await say("yes", bob);
  await pass();
  await expect.poll(() => pushes.length, patience).toBe(3);
  expect(told().slice(1).sort()).toEqual([
    ["ann", "yes", 1],
    ["eve", "yes", 1],
  ]);
});

test("who muted the room or has read in the meantime gets none", async () => {
  await maru.rooms.muteNotifications({ roomId, actor: user("eve"), mutedUntil: timestampFromMs(nowMs + 60_000) });
  await using _ = await start();
  const seq = await say("read at once");
  await maru.reads.markRead({ roomId, actor: bob, seq });
  await pass();
  await say("and this not");
  await pass();
  await expect.poll(told, patience).toEqual([["bob", "and this not", 1]]);
});

test("what was edited is told as it is now, and what was deleted or cancelled not at all", async () => {
  connected.add("eve");
  await using _ = await start();
  const edited = await say("teh");
  await maru.messages.edit({ roomId, actor: ann, seq: edited, content: text("the") });
  const deleted = await say("a secret");
  await maru.messages.delete({ roomId, actor: ann, seq: deleted });
  const hold = async (words: string) => {
    const { entry } = await maru.messages.send({ roomId, actor: bob, content: text(words), holdMs: 60_000 });
    return entry?.seq ?? 0;
  };
  const [kept, dropped] = [await hold("your money"), await hold("no money")];
  await maru.messages.commit({ roomId, actor: service(), seq: kept });
  await maru.messages.cancel({ roomId, actor: service(), seq: dropped });
  await pass();
  await expect
    .poll(() => told().sort(), patience)
    .toEqual([
      ["ann", "your money", 1],
      ["bob", "the", 1],
    ]);
  expect(pushes.find(({ userId }) => userId === "ann")?.messageSeq).toBe(kept);
});

test("each push is handed on once, also when the group forgets how far it was, and all comes again", async () => {
  connected.add("eve");
  {
    await using _ = await start();
    await say("once");
    await pass();
    await expect.poll(told, patience).toEqual([["bob", "once", 1]]);
  }
  testMaru.faults.forgetOffsets(`push-${number}`);
  await using _ = await start({ fromBeginning: true });
  await say("twice?");
  await pass();
  await expect.poll(told, patience).toEqual([
    ["bob", "once", 1],
    ["bob", "twice?", 1],
  ]);
});

test("a push that could not be handed on is tried again, by the next process too, with the same id and the same messages", async () => {
  connected.add("eve");
  const tries: Push[] = [];
  const fail = async (push: Push) => {
    tries.push(push);
    throw new Error("planned: the endpoint is away");
  };
  {
    await using _ = await start({ deliver: fail });
    await say("first");
    await pass();
    await expect.poll(() => tries.length, patience).toBeGreaterThan(1);
    await say("second");
    await pass();
    await expect.poll(() => tries.map(({ text: words }) => words), patience).toContain("second");
  }
  await using _ = await start();
  const both = [
    ["bob", "first", 1],
    ["bob", "second", 1],
  ];
  await expect.poll(told, patience).toEqual(both);
  expect(new Set([...tries, ...pushes].map(({ pushId }) => pushId)).size).toBe(2);
});

test("an endpoint gets the push as JSON with its id, and has it when it says so", async () => {
  const received: unknown[] = [];
  let status = 503;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push([request.headers["idempotency-key"], JSON.parse(Buffer.concat(chunks).toString())]);
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  try {
    await expect.poll(() => server.listening).toBe(true);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`;
    const push: Push = {
      pushId: "p1",
      userId: "bob",
      roomId: "r",
      senderId: "ann",
      text: "hi",
      messageCount: 1,
      messageSeq: 2,
    };
    await expect(deliverTo(url)(push)).rejects.toThrow(`${url} answered 503`);
    status = 204;
    await deliverTo(url)(push);
    expect(received).toEqual([
      ["p1", push],
      ["p1", push],
    ]);
  } finally {
    server.close();
  }
});
