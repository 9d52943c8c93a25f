import { readFile } from "node:fs/promises";
import { type AttributeValue, GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Entry, paginate, service, text, user } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { scratchName } from "@maru/devstack";
import { ensureTopic, readPartitions, startProducer } from "@maru/kafka";
import { EntrySchema, RoomEventSchema } from "@maru/protocol";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createClient } from "../src/store/client.ts";
import { entryKey, metaKey } from "../src/store/keys.ts";
import { type FutureWorld, openFutureWorld } from "./future-entry-world.ts";
import { testClientOptions } from "./store-tables.ts";

const { brokers } = inject("stack").kafka;
const connection = { brokers, clientId: "future-test" };
const client = createClient(testClientOptions());
let world: FutureWorld;

beforeAll(async () => {
  world = await openFutureWorld();
}, 120_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  client.destroy();
});

async function newRoom({ maru }: FutureWorld): Promise<string> {
  const members = [{ userId: "ann" }, { userId: "bob" }];
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  return room?.roomId ?? "";
}

async function send({ maru }: FutureWorld, roomId: string, words: string): Promise<number> {
  const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content: text(words) });
  return entry?.seq ?? 0;
}

/** As a newer server writes it: a type and attributes that this version has no name for. */
async function putPoll(
  { tableName }: FutureWorld,
  roomId: string,
  seq: number,
  own: Record<string, AttributeValue> = {},
): Promise<void> {
  const now = { S: new Date().toISOString() };
  const item = {
    ...entryKey(roomId, seq),
    v: { N: "1" },
    type: { S: "poll_created" },
    seq: { N: String(seq) },
    actor: { M: { user_id: { S: "bob" } } },
    caller: { S: "future" },
    created_at: now,
    appended_at: now,
    state_seq: { N: "1" },
    idempotency_key: { S: scratchName("poll") },
    body: { M: { question: { M: { options: { L: [{ S: "yes" }, { S: "no" }] }, closes_after: { N: "7" } } } } },
    poll_shard: { N: "3" },
    ...own,
  };
  const ConditionExpression = "attribute_not_exists(sk)";
  await client.send(new PutItemCommand({ TableName: tableName, Item: item, ConditionExpression }));
}

function allEntries({ maru }: FutureWorld, roomId: string): Promise<Entry[]> {
  return Array.fromAsync(paginate(maru.events.listEntries, { roomId }));
}

describe.each([
  ["an entry", {}, { type: "poll_created", messages: [2, 4, 5] }],
  ["an entry that changed the state", { state_seq: { N: "3" } }, { type: "poll_created", messages: [2, 4, 5] }],
  [
    "an entry of a later item version",
    { v: { N: "2" }, type: { S: "message_sent" } },
    { type: "message_sent", messages: [2, 3, 4, 5] },
  ],
])("%s from the future", (_, own, { type, messages }) => {
  test("is shown without a body, and sends and reads go on", async () => {
    const { maru } = world;
    const roomId = await newRoom(world);
    expect(await send(world, roomId, "before")).toBe(2);
    await putPoll(world, roomId, 3, own);
    expect(await send(world, roomId, "after")).toBe(4);
    expect(await send(world, roomId, "later")).toBe(5);

    const entries = await allEntries(world, roomId);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    const cases = ["roomCreated", "messageSent", undefined, "messageSent", "messageSent"];
    expect(entries.map(({ body }) => body.case)).toEqual(cases);
    expect(entries[2]).toMatchObject({ type, caller: "future", actor: { kind: { case: "userId", value: "bob" } } });
    expect(entries[4]?.stateSeq).toBe("state_seq" in own ? 3 : 1);
    const listed = await Array.fromAsync(paginate(maru.messages.list, { roomId, after: 0 }));
    expect(listed.map(({ seq }) => seq)).toEqual(messages);
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ lastSeq: 5, memberCount: 2 });
  });
});

test("a change of state from the future is read again before the next write, and what it added stays", async () => {
  const { maru, tableName } = world;
  const roomId = await newRoom(world);
  await send(world, roomId, "before");
  await putPoll(world, roomId, 3, { state_seq: { N: "3" } });
  const meta = { TableName: tableName, Key: metaKey(roomId) };
  const ExpressionAttributeValues = { ":three": { N: "3" }, ":title": { S: "From the future" } };
  const UpdateExpression = "SET state_seq = :three, title = :title, open_polls = :three";
  await client.send(new UpdateItemCommand({ ...meta, UpdateExpression, ExpressionAttributeValues }));

  await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "eve" }] });
  const { room } = await maru.rooms.get({ roomId });
  expect(room).toMatchObject({ title: "From the future", lastSeq: 4, memberCount: 3, stateSeq: 4 });
  const { Item } = await client.send(new GetItemCommand({ ...meta, ConsistentRead: true }));
  expect(Item).toMatchObject({ open_polls: { N: "3" }, state_seq: { N: "4" } });
});

test("the relay hands on what came before it, then stops the shard and says so; sends go on", {
  timeout: 120_000,
}, async () => {
  await using blocked = await openFutureWorld();
  const { fleet, api, topic } = blocked;
  const relay = await fleet.startServer({ name: "relay", env: { MARU_ROLES: "relay", MARU_RELAY_LEASE_MS: "2000" } });
  const roomId = await newRoom(blocked);
  await send(blocked, roomId, "before");
  await putPoll(blocked, roomId, 3);
  expect(await send(blocked, roomId, "after")).toBe(4);

  const ask = async (path: string) => (await fetch(`http://${relay.httpAddress}${path}`)).text();
  await expect.poll(() => ask("/readyz"), { timeout: 30_000 }).toContain("poll_created");
  expect((await fetch(`http://${relay.httpAddress}/readyz`)).status).toBe(503);
  expect(await ask("/readyz")).toMatch(/shard shardId-\S+ stands still: .*poll_created/);
  expect(await ask("/metrics")).toMatch(/^maru_relay_blocked_shards 1$/m);
  const lines = (await readFile(relay.logFile, "utf8")).split("\n").filter((line) => line.includes("poll_created"));
  expect(JSON.parse(lines[0] ?? "{}")).toMatchObject({
    level: "error",
    why: "unknown_entry_type",
    message: expect.stringContaining(`entry ${roomId}/3 has the type "poll_created"`),
  });

  expect(await send(blocked, roomId, "later")).toBe(5);
  expect((await fetch(`http://${api.httpAddress}/readyz`)).status).toBe(200);
  const arrived: number[] = [];
  await readPartitions(connection, { topic, partitions: [0] }, (records) => {
    for (const { value } of records)
      arrived.push(fromBinary(RoomEventSchema, value ?? new Uint8Array()).entry?.seq ?? 0);
  });
  expect([...new Set(arrived)]).toEqual([1, 2]);
});

test("a consumer is handed it as unknown, and goes on", async () => {
  const topic = scratchName("future-consumed");
  await ensureTopic(connection, { topic, partitionCount: 1, replicationFactor: 1 });
  const entries = [
    create(EntrySchema, { roomId: "room", seq: 1, type: "message_sent", body: { case: "messageSent", value: {} } }),
    create(EntrySchema, { roomId: "room", seq: 2, type: "poll_created" }),
    create(EntrySchema, { roomId: "room", seq: 3, type: "message_sent", body: { case: "messageSent", value: {} } }),
  ];
  // Its body, in a field that this version of the contract does not have.
  if (entries[1] !== undefined) entries[1].$unknown = [{ no: 70, wireType: 2, data: Uint8Array.of(3, 10, 1, 65) }];
  await using producer = await startProducer(connection);
  const toMessage = (entry: Entry) => ({
    key: "room",
    value: toBinary(RoomEventSchema, create(RoomEventSchema, { entry })),
  });
  await producer.sendAll(topic, entries.map(toMessage));

  const handled: unknown[] = [];
  const options = { brokers, topic, group: scratchName("future") };
  await using _ = await subscribe(world.maru, options, {
    messageSent: ({ seq }) => handled.push(seq),
    unknown: ({ seq, kind, type, body, entry }) =>
      handled.push({ seq, kind, type, body, fields: entry.$unknown?.map(({ no }) => no) }),
  });
  await expect.poll(() => handled.length, { timeout: 30_000 }).toBe(3);
  expect(handled).toEqual([1, { seq: 2, kind: "unknown", type: "poll_created", body: undefined, fields: [70] }, 3]);
});
