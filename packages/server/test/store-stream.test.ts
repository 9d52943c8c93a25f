import { randomUUID } from "node:crypto";
import { type DynamoDBStreamsClient, ExpiredIteratorException } from "@aws-sdk/client-dynamodb-streams";
import { type Stack, startStack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Change } from "../src/domain/change.ts";
import type { Store } from "../src/domain/store.ts";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { describeShards, readShard, readStreamArn, type StreamRecord } from "../src/store/stream.ts";
import { StreamTrimmedError } from "../src/store/stream-errors.ts";
import { toChange } from "../src/store/to-change.ts";
import { creation, joined, leaving, logged, textEntry } from "./store-fixtures.ts";
import { testTables } from "./store-tables.ts";

/** Counts the answers that say that an iterator expired. */
function countExpiries(streams: DynamoDBStreamsClient): { count: number } {
  const seen = { count: 0 };
  streams.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (error instanceof ExpiredIteratorException) seen.count++;
        throw error;
      }
    },
    { step: "initialize" },
  );
  return seen;
}

/** On an engine of its own: rolling shards and ageing records reach every stream of an engine. */
describe("the table's stream", () => {
  let stack: Stack;
  let engine: NonNullable<Stack["dynamodb"]>;
  beforeAll(async () => {
    stack = await startStack({ dynamodb: true, env: { ...process.env, MARU_DYNAMODB_ENDPOINT: undefined } });
    engine = stack.dynamodb as typeof engine;
  });
  afterAll(() => stack?.close());

  async function newTable(): Promise<{ store: Store; streams: DynamoDBStreamsClient; streamArn: string }> {
    const tables = await testTables(engine.endpoint);
    const streamArn = (await readStreamArn(tables.client, tables.tableName)) as string;
    return { store: createDynamoStore(tables), streams: tables.streams, streamArn };
  }

  interface Reading {
    streams: DynamoDBStreamsClient;
    streamArn: string;
    shardId: string;
    after?: string | undefined;
  }

  function pages({ streams, streamArn, shardId, after }: Reading, signal = AbortSignal.timeout(20_000)) {
    return readShard(streams, { streamArn, shardId, afterSequenceNumber: after, idleMs: 5, signal });
  }

  /** Until there are this many, or the shard ends. */
  async function read(reading: Reading, count = Number.POSITIVE_INFINITY): Promise<StreamRecord[]> {
    const records: StreamRecord[] = [];
    for await (const page of pages(reading)) {
      records.push(...page);
      if (records.length >= count) break;
    }
    return records;
  }

  async function onlyShard(streams: DynamoDBStreamsClient, streamArn: string): Promise<string> {
    const shards = await describeShards(streams, streamArn);
    expect(shards).toHaveLength(1);
    return shards[0]?.shardId as string;
  }

  function seqsOf(roomId: string, changes: readonly Change[]): number[] {
    return changes.flatMap((change) =>
      change.kind === "entry" && change.entry.entry.roomId === roomId ? [change.entry.entry.seq] : [],
    );
  }

  test("every write of the store is a change, in order: entries, read positions, and what nobody hears of", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    const { entry, change } = creation(roomId, ["ann"]);
    await store.putEntryWithState(entry, change);
    await store.putEntry(textEntry(roomId, 2));
    await store.putEntry(textEntry(roomId, 2));
    await store.markRead(roomId, "ann", 2);
    await store.markRead(roomId, "ann", 1);
    await store.putEntryWithState(leaving(roomId, 3, "ann"), { members: [{ ...joined("ann", 1), leftSeq: 3 }] });
    await store.deleteEntries(roomId, [2]);
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const changes = (await read({ ...stream, shardId }, 9)).map(toChange);
    expect(changes.map((found) => (found.kind === "ignored" ? found.why : found.kind))).toEqual([
      ...[
        "entry",
        "room_state",
        "member_state",
        "entry",
        "read_marker",
        "entry",
        "room_state",
        "member_state",
        "removed",
      ],
    ]);
    expect(seqsOf(roomId, changes)).toEqual([1, 2, 3]);
    expect(changes[4]).toEqual({ kind: "read_marker", roomId, userId: "ann", readSeq: 2 });
  });

  test("reading goes on behind a checkpoint, over several answers", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    for (let seq = 1; seq <= 30; seq++) await store.putEntry(textEntry(roomId, seq));
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const first = await read({ ...stream, shardId }, 30);
    const after = first[11]?.dynamodb?.SequenceNumber;
    const rest = await read({ ...stream, shardId, after }, 18);
    expect(seqsOf(roomId, rest.map(toChange))).toEqual(Array.from({ length: 18 }, (_, i) => i + 13));
  });

  test("a reader that waits gets empty answers, and then what is written", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    let empty = 0;
    for await (const page of pages({ ...stream, shardId })) {
      if (page.length > 0) {
        expect(seqsOf(roomId, page.map(toChange))).toEqual([1]);
        break;
      }
      empty++;
      if (empty === 2) await store.putEntry(textEntry(roomId, 1));
    }
    expect(empty).toBeGreaterThanOrEqual(2);
  });

  test("the first record of a table is read, also when others were written to since the reading began", async () => {
    const { store, ...stream } = await newTable();
    const another = await newTable();
    const roomId = randomUUID();
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const reader = pages({ ...stream, shardId });
    expect((await reader.next()).value).toEqual([]);
    await another.store.putEntry(textEntry(roomId, 7));
    await store.putEntry(textEntry(roomId, 1));
    let page: readonly StreamRecord[] = [];
    while (page.length === 0) page = (await reader.next()).value ?? [];
    expect(seqsOf(roomId, page.map(toChange))).toEqual([1]);
    await reader.return();
  });

  test("an entry comes back as it was stored, with what is empty in it", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    const value = {
      content: { kind: { case: "text" as const, value: { text: "0" } } },
      mentions: [{ target: { case: "everybody" as const, value: {} }, lengthUtf16: 1 }],
    };
    const stored = logged(roomId, 1, { type: "message_sent", body: { case: "messageSent", value } });
    await store.putEntry(stored);
    const empty = logged(roomId, 2, { type: "room_frozen", body: { case: "roomFrozen", value: {} } });
    await store.putEntry(empty);
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const changes = (await read({ ...stream, shardId }, 2)).map(toChange);
    for (const [index, { entry }] of [stored, empty].entries())
      expect(changes[index]).toMatchObject({ kind: "entry", entry: { entry } });
    expect(await store.readEntries({ roomId, limit: 2 })).toMatchObject([
      { entry: stored.entry },
      { entry: empty.entry },
    ]);
  });

  test("a closed shard ends, and its child goes on: parents before children is the order of each room", async () => {
    const { store, ...stream } = await newTable();
    const roomIds = Array.from({ length: 8 }, () => randomUUID());
    const writing = roomIds.map(async (roomId) => {
      for (let seq = 1; seq <= 40; seq++) await store.putEntry(textEntry(roomId, seq));
    });
    await engine.rollShards();
    await engine.rollShards();
    await Promise.all(writing);
    await engine.rollShards();
    const shards = await describeShards(stream.streams, stream.streamArn);
    expect(shards.filter(({ open }) => open)).toHaveLength(1);
    expect(shards.length).toBeGreaterThanOrEqual(4);

    const changes: Change[] = [];
    let current = shards.find(({ parentShardId }) => parentShardId === undefined);
    for (; current?.open === false; current = shards.find(({ parentShardId }) => parentShardId === current?.shardId))
      changes.push(...(await read({ ...stream, shardId: current.shardId })).map(toChange));
    expect(current?.open).toBe(true);
    for (const roomId of roomIds) expect(seqsOf(roomId, changes)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test("an aborted reader throws the signal's reason, so that it does not look like the end of the shard", async () => {
    const { store: _, ...stream } = await newTable();
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const stopping = new AbortController();
    const reason = new Error("stopping");
    const reading = (async () => {
      for await (const _page of pages({ ...stream, shardId }, stopping.signal)) stopping.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  test("a reader that was slow for longer than its iterator lives goes on where it was", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    await store.putEntry(textEntry(roomId, 1));
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const slow = pages({ ...stream, shardId });
    expect((await slow.next()).value).toHaveLength(1);
    await store.putEntry(textEntry(roomId, 2));
    const expiries = countExpiries(stream.streams);
    await engine.ageRecords(1);
    const { value } = await slow.next();
    expect(seqsOf(roomId, (value ?? []).map(toChange))).toEqual([2]);
    expect(expiries.count).toBe(1);
    await slow.return();
  });

  test("records that were trimmed behind a checkpoint are missed loudly", async () => {
    const { store, ...stream } = await newTable();
    const roomId = randomUUID();
    await store.putEntry(textEntry(roomId, 1));
    await store.putEntry(textEntry(roomId, 2));
    const shardId = await onlyShard(stream.streams, stream.streamArn);
    const slow = pages({ ...stream, shardId });
    const { value } = await slow.next();
    const after = value?.[0]?.dynamodb?.SequenceNumber;
    await engine.ageRecords(25);
    await expect(read({ ...stream, shardId, after }, 1)).rejects.toThrow(StreamTrimmedError);
    await expect(slow.next()).rejects.toThrow(StreamTrimmedError);
  });

  test("a shard that is not there is missed loudly", async () => {
    const { store: _, ...stream } = await newTable();
    const shardId = "shardId-00000001000000000000-00000000";
    await expect(read({ ...stream, shardId }, 1)).rejects.toThrow(StreamTrimmedError);
  });
});
