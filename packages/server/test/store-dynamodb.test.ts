import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionConflictException,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { create, equals } from "@bufbuild/protobuf";
import { startTcpProxy } from "@maru/devstack";
import { EntrySchema, ErrorReason, HoldState, MessageSchema } from "@maru/protocol";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createClient } from "../src/store/client.ts";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { toItem } from "../src/store/items.ts";
import { entryKey, heldBucketOf, type ItemKey, memberKey, metaKey, roomBucketOf } from "../src/store/keys.ts";
import type { Consumed } from "../src/store/table-access.ts";
import { arbitraryEntry } from "./store-arbitrary.ts";
import { creation, joined, leaving, textEntry } from "./store-fixtures.ts";
import { type TestTables, testClientOptions, testTables } from "./store-tables.ts";

type BatchInput = { RequestItems: Record<string, unknown[] | { Keys: unknown[] }> };

/** What a throttled table answers: nothing done, all of it left. */
function unprocessed({ RequestItems }: BatchInput): object {
  return { $metadata: {}, UnprocessedKeys: RequestItems, UnprocessedItems: RequestItems };
}

/** Lets the first half of a batch through, rounded up, and leaves the rest undone. */
async function halved<Input extends object, Output extends { output: object }>(
  next: (args: { input: Input; request?: unknown }) => Promise<Output>,
  args: { input: Input },
): Promise<Output> {
  const [[name, batch]] = Object.entries((args.input as unknown as BatchInput).RequestItems) as [
    [string, unknown[] & { Keys?: unknown[] }],
  ];
  const all = batch.Keys ?? batch;
  const [done, left] = [all.slice(0, Math.ceil(all.length / 2)), all.slice(Math.ceil(all.length / 2))];
  const part = (elements: unknown[]) => ({ [name]: batch.Keys ? { ...batch, Keys: elements } : elements });
  const answer = await next({ ...args, input: { ...args.input, RequestItems: part(done) } });
  if (left.length > 0) Object.assign(answer.output, unprocessed({ RequestItems: part(left) }));
  return answer;
}

describe("the store in DynamoDB, beyond its contract", () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await testTables();
  });

  async function readItem(key: ItemKey): Promise<Record<string, AttributeValue> | undefined> {
    const { Item } = await tables.client.send(
      new GetItemCommand({ TableName: tables.tableName, Key: key, ConsistentRead: true }),
    );
    return Item;
  }

  async function addAttribute(key: ItemKey): Promise<void> {
    await tables.client.send(
      new UpdateItemCommand({
        TableName: tables.tableName,
        Key: key,
        UpdateExpression: "SET later_feature = :value, v = :v",
        ExpressionAttributeValues: { ":value": { S: "of a newer version" }, ":v": { N: "2" } },
      }),
    );
  }

  async function createRoom(...userIds: string[]): Promise<string> {
    const roomId = randomUUID();
    const { entry, change } = creation(roomId, userIds);
    await createDynamoStore(tables).putEntryWithState(entry, change);
    return roomId;
  }

  /** A client whose first calls of one operation are answered with this error. */
  function failing(commandName: string, times: number, error: Error) {
    const client = createClient(testClientOptions());
    let left = times;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === commandName && left-- > 0) throw error;
        return next(args);
      },
      { step: "initialize" },
    );
    return createDynamoStore({ client, tableName: tables.tableName });
  }

  const conflict = () => new TransactionConflictException({ message: "under way", $metadata: {} });

  test("attributes and versions that this version does not know survive all its updates", async () => {
    const store = createDynamoStore(tables);
    const roomId = await createRoom("ann");
    await addAttribute(metaKey(roomId));
    await addAttribute(memberKey(roomId, "ann"));
    await store.markRead(roomId, "ann", 1);
    await store.raisePurgedBelow(roomId, 1);
    const left = { ...joined("ann", 1), leftSeq: 2 };
    await store.putEntryWithState(leaving(roomId, 2, "ann"), { room: { memberCount: 0, title: "t" }, members: [left] });
    const kept = { later_feature: { S: "of a newer version" }, v: { N: "2" } };
    expect(await readItem(metaKey(roomId))).toMatchObject({ ...kept, title: { S: "t" }, purged_below: { N: "1" } });
    expect(await readItem(memberKey(roomId, "ann"))).toMatchObject({
      ...kept,
      left_seq: { N: "2" },
      read_seq: { N: "1" },
    });
  });

  test("a user's rooms and all rooms are found by the index", async () => {
    const userId = randomUUID();
    const roomId = await createRoom(userId, "bob");
    const owners = async (owner: string) => {
      const { Items = [] } = await tables.client.send(
        new QueryCommand({
          TableName: tables.tableName,
          IndexName: "by_owner",
          KeyConditionExpression: "#owner = :owner AND room_id = :room_id",
          ExpressionAttributeNames: { "#owner": "owner" },
          ExpressionAttributeValues: { ":owner": { S: owner }, ":room_id": { S: roomId } },
        }),
      );
      return Items.map((item) => item.sk?.S);
    };
    expect(await owners(userId)).toEqual([`member#${userId}`]);
    const meta = await readItem(metaKey(roomId));
    expect(meta?.owner?.S).toMatch(/^#rooms#(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/);
    expect(await owners(meta?.owner?.S as string)).toEqual(["meta"]);
  });

  test("a user with the name of a partition of the index hides no held message, no room, and has only own rooms", async () => {
    const store = createDynamoStore(tables);
    const roomIds = Array.from({ length: 400 }, () => randomUUID()).toSorted();
    const heldBucket = heldBucketOf(roomIds.at(-1) as string);
    const [first, ...rest] = roomIds.filter((roomId) => heldBucketOf(roomId) === heldBucket) as [string, ...string[]];
    const last = rest.at(-1) as string;
    const roomBucket = roomBucketOf(last);
    const strangers = [`#held#${heldBucket}`, `#rooms#${roomBucket}`];
    const strange = [first, ...rest.slice(0, 6)];
    for (const roomId of strange) {
      const { entry, change } = creation(roomId, strangers);
      await store.putEntryWithState(entry, change);
    }
    const { entry: made, change } = creation(last, []);
    await store.putEntryWithState(made, change);
    const { entry, ...sent } = textEntry(last, 2);
    const value = create(MessageSchema, { holdState: HoldState.HELD });
    await store.putEntry({ ...sent, entry: { ...entry, body: { case: "messageSent", value } } });

    const place = { roomId: last, seq: 2 };
    expect(await store.listHeldMessages(undefined, 2)).toContainEqual(place);
    expect(await store.listHeldMessages({ roomId: first, seq: 1 }, 2)).toContainEqual(place);
    const inBucket = await store.listRoomIds(roomBucket, undefined, 1_000);
    expect(inBucket).toContain(last);
    expect(new Set(inBucket).size).toBe(inBucket.length);
    expect(inBucket.every((roomId) => roomBucketOf(roomId) === roomBucket)).toBe(true);
    for (const stranger of strangers)
      expect(await store.listRoomIdsOf(stranger, undefined, 3)).toEqual(strange.slice(0, 3));
    for (const stranger of strangers)
      expect(await store.listRoomIdsOf(stranger, strange[2], 9)).toEqual(strange.slice(3));
  });

  test("a member who is in has no left_seq, and one who comes back loses it", async () => {
    const store = createDynamoStore(tables);
    const roomId = await createRoom("ann");
    expect(await readItem(memberKey(roomId, "ann"))).not.toHaveProperty("left_seq");
    await store.putEntryWithState(leaving(roomId, 2, "ann"), { members: [{ ...joined("ann", 1), leftSeq: 2 }] });
    expect(await readItem(memberKey(roomId, "ann"))).toMatchObject({ left_seq: { N: "2" } });
    await store.putEntryWithState(textEntry(roomId, 3), { members: [joined("ann", 3)] });
    expect(await readItem(memberKey(roomId, "ann"))).not.toHaveProperty("left_seq");
  });

  test("an entry of an unknown type is read with its type and without a body", async () => {
    const roomId = randomUUID();
    const item = { ...toItem(textEntry(roomId, 1)), type: { S: "poll_opened" }, body: { M: { question: { S: "?" } } } };
    await tables.client.send(new PutItemCommand({ TableName: tables.tableName, Item: item }));
    const store = createDynamoStore(tables);
    const [found] = await store.readEntries({ roomId, limit: 10 });
    expect(found?.entry).toMatchObject({ type: "poll_opened", seq: 1, body: { case: undefined } });
    const outcome = await store.putEntry(textEntry(roomId, 1));
    expect(outcome).toMatchObject({ kind: "taken", winner: { entry: { type: "poll_opened" } } });
  });

  test("any entry comes back from the table as it was", async () => {
    const store = createDynamoStore(tables);
    const entries = fc.sample(arbitraryEntry(), 150);
    const roomId = randomUUID();
    for (const [index, entry] of entries.entries()) {
      Object.assign(entry, { roomId, seq: index + 1 });
      await store.putEntry({ entry, requestHash: "h", appendedAtMs: 1 });
    }
    const read = await store.readEntries({ roomId, limit: 1_000 });
    for (const [index, { entry }] of read.entries())
      expect(
        equals(EntrySchema, entry, entries[index] as typeof entry),
        JSON.stringify(toItem({ entry, requestHash: "", appendedAtMs: 1 })),
      ).toBe(true);
    expect(read).toHaveLength(150);
  });

  test("every write and read is counted with its price, a refused put too", async () => {
    const consumed: Consumed[] = [];
    const store = createDynamoStore({ ...tables, onConsumed: (one) => consumed.push(one) });
    const roomId = randomUUID();
    await store.putEntry(textEntry(roomId, 1));
    await store.putEntry(textEntry(roomId, 2, "x".repeat(2_500)));
    await store.putEntry(textEntry(roomId, 2));
    await store.readEntries({ roomId, limit: 10 });
    const { entry, change } = creation(roomId, []);
    await store.putEntryWithState(entry, change);
    expect(consumed).toEqual([
      { operation: "put_entry", writeUnits: 1, readUnits: 0, refused: false },
      { operation: "put_entry", writeUnits: 3, readUnits: 0, refused: false },
      { operation: "put_entry", writeUnits: 3, readUnits: 0, refused: true },
      { operation: "read_entries", writeUnits: 0, readUnits: 1, refused: false },
      { operation: "put_entry_with_state", writeUnits: 4, readUnits: 0, refused: true },
    ]);
  });

  test("an entry that is larger than an item may be is refused as too large, alone and with state", async () => {
    const store = createDynamoStore(tables);
    const roomId = await createRoom("ann");
    const large = textEntry(roomId, 2, "x".repeat(420_000));
    const tooLarge = { reason: ErrorReason.CONTENT_TOO_LARGE, metadata: { field: "body", limit_bytes: "409600" } };
    await expect(store.putEntry(large)).rejects.toMatchObject(tooLarge);
    await expect(store.putEntryWithState(large, {})).rejects.toMatchObject(tooLarge);
    expect(await readItem(entryKey(roomId, 2))).toBeUndefined();
  });

  test("an earlier entry that would become larger than an item may be is refused as too large, and nothing is written", async () => {
    const store = createDynamoStore(tables);
    const roomId = await createRoom("ann");
    const target = textEntry(roomId, 2, "x".repeat(200_000));
    await store.putEntry(target);
    const kinds = Array.from({ length: 10 }, (_, n) => String(n).repeat(64));
    const reactions = new Map(Array.from({ length: 400 }, (_, n) => [`user-${n}`, kinds]));
    const record = { contentSeqs: [], original: undefined, reactions };
    const change = { entries: [{ seq: 2, body: target.entry.body, record }] };
    await expect(store.putEntryWithState(textEntry(roomId, 3), change)).rejects.toMatchObject({
      reason: ErrorReason.CONTENT_TOO_LARGE,
      metadata: { field: "body", limit_bytes: "409600" },
    });
    expect(await readItem(entryKey(roomId, 3))).toBeUndefined();
    expect((await store.readEntry(roomId, 2))?.record).toBeUndefined();
  });

  test("a put that meets a transaction on its number is a conflict and not a loss", async () => {
    const roomId = await createRoom("ann");
    expect(await failing("PutItemCommand", 1, conflict()).putEntry(textEntry(roomId, 2))).toEqual({ kind: "conflict" });
    const store = failing("TransactWriteItemsCommand", 1, conflict());
    expect(await store.putEntryWithState(textEntry(roomId, 2), {})).toEqual({ kind: "conflict" });
    expect(await store.putEntryWithState(textEntry(roomId, 2), {})).toEqual({ kind: "stored" });
  });

  test("a read position that meets a transaction on its member is moved after it", async () => {
    const roomId = await createRoom("ann");
    const moved = await failing("UpdateItemCommand", 2, conflict()).markRead(roomId, "ann", 1);
    expect(moved).toEqual({ kind: "moved", readSeq: 1 });
  });

  test("what a batch leaves undone is asked for again until it is done", async () => {
    const client = createClient(testClientOptions());
    const calls: string[] = [];
    client.middlewareStack.add(
      (next, { commandName = "" }) =>
        async (args) => {
          calls.push(commandName);
          return commandName.startsWith("Batch") ? halved(next, args) : next(args);
        },
      { step: "initialize" },
    );
    const store = createDynamoStore({ client, tableName: tables.tableName });
    const roomIds = await Promise.all(Array.from({ length: 4 }, () => createRoom("ann")));
    expect([...(await store.readRooms(roomIds)).keys()].sort()).toEqual(roomIds.toSorted());
    for (const roomId of roomIds) await store.deleteEntries(roomId, [1, 2, 3]);
    for (const roomId of roomIds) expect(await store.readEntry(roomId, 1)).toBeUndefined();
    const count = (name: string) => calls.filter((call) => call === name).length;
    expect(count("BatchGetItemCommand")).toBe(3);
    expect(count("BatchWriteItemCommand")).toBe(4 * 2);
  });

  test("a batch that is never done is a table that is unavailable", async () => {
    const client = createClient(testClientOptions());
    client.middlewareStack.add(
      () => async (args) => ({ response: {}, output: unprocessed(args.input as BatchInput) as never }),
      { step: "initialize" },
    );
    const store = createDynamoStore({ client, tableName: tables.tableName });
    const unavailable = { reason: ErrorReason.STORE_UNAVAILABLE };
    const [reading, deleting] = [store.readRooms(["a", "b"]), store.deleteEntries("a", [1])];
    await Promise.all([
      expect(reading).rejects.toMatchObject(unavailable),
      expect(deleting).rejects.toMatchObject(unavailable),
    ]);
  });

  test("a table that cannot be reached is said to be unavailable, with the cause", async () => {
    const options = { ...testClientOptions("http://127.0.0.1:9"), maxAttempts: 1 };
    const store = createDynamoStore({ client: createClient(options), tableName: tables.tableName });
    const unavailable = { reason: ErrorReason.STORE_UNAVAILABLE, cause: { code: "ECONNREFUSED" } };
    await expect(store.putEntry(textEntry("r", 1))).rejects.toMatchObject(unavailable);
    await expect(store.readEntries({ roomId: "r", limit: 1 })).rejects.toMatchObject(unavailable);
    await expect(store.readRooms(["r"])).rejects.toMatchObject(unavailable);
  });

  /** A store behind a proxy that drops the answers on these connections. */
  async function deaf(isDropped: (connection: number) => boolean, requestTimeoutMs = 300) {
    const proxy = await startTcpProxy({
      target: new URL(testClientOptions().endpoint as string).host,
      onChunk: (chunk, { from, connection }) =>
        from === "upstream" && isDropped(connection) ? Buffer.alloc(0) : chunk,
    });
    const options = { ...testClientOptions(`http://${proxy.address}`), requestTimeoutMs, maxAttempts: 2 };
    const client = createClient(options);
    const store = createDynamoStore({ client, tableName: tables.tableName });
    const close = async (): Promise<void> => {
      client.destroy();
      await proxy.close();
    };
    return { store, [Symbol.asyncDispose]: close };
  }

  test("a table that does not answer in time is unavailable, and does not hang", async () => {
    await using one = await deaf(() => true);
    const put = one.store.putEntry(textEntry(randomUUID(), 1));
    await expect(put).rejects.toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE, cause: { name: "TimeoutError" } });
  });

  test("a put whose answer was lost finds itself as the winner when it is sent again", async () => {
    await using one = await deaf((connection) => connection === 1, 2_000);
    const entry = textEntry(randomUUID(), 1);
    const winner = { entry: { idempotencyKey: entry.entry.idempotencyKey } };
    expect(await one.store.putEntry(entry)).toMatchObject({ kind: "taken", winner });
  });

  test("a transaction whose answer was lost is stored when it is sent again", async () => {
    await using one = await deaf((connection) => connection === 1, 2_000);
    const roomId = randomUUID();
    const { entry, change } = creation(roomId, ["ann"]);
    expect(await one.store.putEntryWithState(entry, change)).toEqual({ kind: "stored" });
    expect((await one.store.readRoom(roomId))?.stateSeq).toBe(1);
  });

  test("a call that is aborted while it waits throws the signal's reason", async () => {
    await using one = await deaf(() => true, 20_000);
    const stopping = new AbortController();
    const put = one.store.putEntry(textEntry(randomUUID(), 1), stopping.signal);
    const reason = new Error("the deadline passed");
    setImmediate(() => stopping.abort(reason));
    await expect(put).rejects.toBe(reason);
  });
});
