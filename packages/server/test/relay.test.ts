import {
  DeleteItemCommand,
  PutItemCommand,
  type StreamSpecification,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ageRecords, rollShards, type Stack, startStack } from "@maru/devstack";
import { partitionOf } from "@maru/kafka";
import { CommitMessageRequestSchema, HoldState, ReadMarkerEventSchema, SendMessageRequestSchema } from "@maru/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitMessage } from "../src/domain/messages/commit.ts";
import { sendMessage } from "../src/domain/messages/send.ts";
import { toChange } from "../src/store/to-change.ts";
import { call, makeRoom, service, startServer } from "./log-fixtures.ts";
import { createRelayWorld, firstSeqs, gatedSink, joinedStream, oneTo, put, until } from "./relay-world.ts";
import { BORN_AT_MS, creation } from "./store-fixtures.ts";
import type { TestTables } from "./store-tables.ts";

/** On a table engine of its own: rolling shards and ageing records reach every stream of an engine. */
describe("the relay", () => {
  let stack: Stack;
  let endpoint: string;
  let controlEndpoint: string;
  beforeAll(async () => {
    stack = await startStack({ dynamodb: true, env: { ...process.env, MARU_DYNAMODB_ENDPOINT: undefined } });
    endpoint = stack.dynamodb?.endpoint ?? "";
    controlEndpoint = stack.dynamodb?.controlEndpoint ?? "";
  });
  afterAll(() => stack?.close());

  const newWorld = () => createRelayWorld(endpoint);

  test("hands on each entry of each room once, in order, with its stamps", async () => {
    await using world = await newWorld();
    const { metric } = world.start();
    const roomIds = ["a", "b", "c", "d", "e"];
    await Promise.all(roomIds.map((roomId) => put(world.store, roomId, 1, 40)));
    await until(
      () => world.events.length >= 200,
      () => world.events.length,
    );
    for (const roomId of roomIds) expect(firstSeqs(world.events).get(roomId)).toEqual(oneTo(40));
    expect(world.events).toHaveLength(200);
    for (const { record, event, roomId, seq } of world.events) {
      expect(record.partition).toBe(partitionOf(roomId, 4));
      expect(record.headers).toMatchObject({ seq: String(seq), ce_id: `${roomId}/${seq}`, ce_source: "maru-test" });
      expect(event.entry?.body).toMatchObject({ case: "messageSent" });
      expect(event.committedAt && timestampMs(event.committedAt)).toBe(BORN_AT_MS + seq + 1);
      expect(event.healed).toBe(false);
    }
    await until(
      async () => (await metric("maru_relay_events_total")) === 200,
      () => metric("maru_relay_events_total"),
    );
    expect(await metric("maru_relay_records_total")).toBe(200);
    await until(
      async () => (await metric("maru_relay_lag_seconds")) === 0,
      () => metric("maru_relay_lag_seconds"),
    );
  });

  test("hands on read positions under room and user, and ignores changes of state by kind", async () => {
    await using world = await newWorld();
    const { relay, metric } = world.start();
    const { entry, change } = creation("a", ["ann", "bob"]);
    await world.store.putEntryWithState(entry, change);
    await put(world.store, "a", 2, 3);
    await world.store.markRead("a", "bob", 2);
    await world.store.markRead("a", "bob", 3);
    await until(
      () => world.markers.length >= 2 && world.events.length >= 3,
      () => world.markers.length,
    );
    expect(world.markers.map((record) => Buffer.from(record.key ?? []).toString())).toEqual(["a/bob", "a/bob"]);
    const last = fromBinary(ReadMarkerEventSchema, world.markers[1]?.value ?? new Uint8Array());
    expect(last).toMatchObject({ roomId: "a", userId: "bob", readSeq: 3 });
    expect(await metric("maru_relay_ignored_total", { why: "room_state" })).toBe(1);
    expect(await metric("maru_relay_ignored_total", { why: "member_state" })).toBe(2);
    expect(relay.ready()).toEqual({ ready: true });
  });

  test("a held message is an event without its content, and the commit brings it", async () => {
    await using world = await newWorld();
    world.start();
    const server = startServer(world.store);
    const { room } = await makeRoom(server);
    const { roomId } = room;
    const content = { kind: { case: "text" as const, value: { text: "paid" } } };
    const held = create(SendMessageRequestSchema, { roomId, actor: service, content, holdMs: 60_000 });
    await sendMessage(server, call, held);
    await until(
      () => world.events.length >= 2,
      () => world.events.length,
    );
    await commitMessage(server, call, create(CommitMessageRequestSchema, { roomId, actor: service, seq: 2 }));
    await until(
      () => world.events.length >= 3,
      () => world.events.length,
    );
    expect(firstSeqs(world.events).get(roomId)).toEqual(oneTo(3));
    expect(Buffer.from(world.events[1]?.record.value ?? []).toString("latin1")).not.toContain("paid");
    expect(world.events[1]?.event.entry?.body.value).toMatchObject({ holdState: HoldState.HELD });
    expect(world.events[2]?.event.entry?.body).toMatchObject({
      case: "messageCommitted",
      value: { targetSeq: 2, message: { content, holdState: HoldState.COMMITTED } },
    });
  });

  test("keeps the order of rooms while shards are closed and their children opened", async () => {
    await using world = await newWorld();
    world.start();
    const writing = Promise.all(["a", "b", "c"].map((roomId) => put(world.store, roomId, 1, 120)));
    for (const count of [60, 180]) {
      await until(
        () => world.events.length >= count,
        () => world.events.length,
      );
      await rollShards(controlEndpoint);
    }
    await writing;
    await until(
      () => world.events.length >= 360,
      () => world.events.length,
    );
    for (const seqs of firstSeqs(world.events).values()) expect(seqs).toEqual(oneTo(120));
    await until(
      async () => (await world.leases.list(world.streamArn)).filter((shard) => shard.finished).length === 2,
      () => world.leases.list(world.streamArn),
    );
  });

  test("a worker that vanished is followed by another after the lease's time, and nothing is missing", async () => {
    await using world = await newWorld();
    const first = world.start({ owner: "first" });
    const writing = put(world.store, "a", 1, 300);
    await until(
      () => world.events.length >= 50,
      () => world.events.length,
    );
    await first.relay.close();
    const second = world.start({ owner: "second" });
    await writing;
    await until(
      () => new Set(world.events.map(({ seq }) => seq)).size >= 300,
      () => world.events.length,
    );
    expect(firstSeqs(world.events).get("a")).toEqual(oneTo(300));
    await second.relay.drain();
    expect(await world.leases.list(world.streamArn)).toMatchObject([{ epoch: 2, finished: false }]);
  });

  test("a worker that drained leaves nothing to wait for, nothing to repeat and nothing out", async () => {
    await using world = await newWorld();
    const first = world.start();
    await put(world.store, "a", 1, 20);
    await until(
      () => world.events.length >= 1,
      () => world.events.length,
    );
    await first.relay.drain();
    await first.relay.close();
    await put(world.store, "a", 21, 40);
    const [shard] = await world.leases.list(world.streamArn);
    expect(shard?.owner).toBeUndefined();
    world.start({ leaseTtlMs: 600_000 });
    await until(
      () => world.events.length >= 40,
      () => world.events.length,
    );
    expect(world.events.map(({ seq }) => seq)).toEqual(oneTo(40));
  });

  test("a worker that slept through its lease repeats, and moves no checkpoint back", async () => {
    await using world = await newWorld();
    const gate = gatedSink(world.sink);
    // Its lease runs out while it sleeps: it renews nothing, and its events wait.
    const asleep = { ...world.leases, renew: () => gate.opened.then(() => ({ kind: "held" as const })) };
    const zombie = world.start({ sink: gate, leases: asleep, owner: "zombie" });
    await put(world.store, "a", 1, 5);
    await until(
      () => gate.waiting > 0,
      () => "the zombie has sent nothing",
    );
    const awake = world.start({ owner: "awake", checkpointEveryMs: 0 });
    await put(world.store, "a", 6, 10);
    const reached = async () => (await world.leases.list(world.streamArn))[0]?.checkpoint;
    await until(
      () => world.events.length >= 10,
      () => world.events.length,
    );
    await awake.relay.drain();
    const checkpoint = await reached();
    gate.open();
    await until(
      () => world.events.length > 10,
      () => world.events.length,
    );
    await zombie.relay.drain();
    expect(await reached()).toEqual(checkpoint);
    expect(firstSeqs(world.events).get("a")).toEqual(oneTo(10));
    expect(world.events.slice(10).map(({ seq }) => seq)).toEqual(world.events.slice(10).map((_, index) => index + 1));
  });

  test("an entry of an unknown type stops its shard loudly until a version comes that knows it", async () => {
    await using world = await newWorld();
    let decode = (record: Parameters<typeof toChange>[0]) => {
      const change = toChange(record);
      if (change.kind !== "entry" || change.entry.entry.seq !== 4) return change;
      return { kind: "unknown_entry" as const, type: "hologram_sent", roomId: "a", seq: 4 };
    };
    const { relay, metric } = world.start({ toChange: (record) => decode(record) });
    await put(world.store, "a", 1, 8);
    await until(
      async () => (await metric("maru_relay_blocked_shards")) === 1,
      () => metric("maru_relay_blocked_shards"),
    );
    expect(relay.ready()).toMatchObject({ ready: false, why: expect.stringContaining('"hologram_sent"') });
    await until(
      () => world.events.length >= 3,
      () => world.events.length,
    );
    await until(
      async () => (await metric("maru_relay_retries_total")) >= 3,
      () => metric("maru_relay_retries_total"),
    );
    expect(world.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    decode = toChange;
    await until(
      () => world.events.length >= 8,
      () => world.events.length,
    );
    expect(world.events.map(({ seq }) => seq)).toEqual(oneTo(8));
    await until(
      () => relay.ready().ready,
      () => relay.ready(),
    );
    expect(await metric("maru_relay_blocked_shards")).toBe(0);
  });

  test("an entry that cannot be read stops its shard, and the other shards go on", async () => {
    await using bad = await newWorld();
    await using good = await newWorld();
    const stream = joinedStream([bad, good]);
    const Item = { room_id: { S: "a" }, sk: { S: "log#0000000001" }, type: { S: "message_sent" } };
    await bad.tables.client.send(new PutItemCommand({ TableName: bad.tables.tableName, Item }));
    const { relay, metric } = good.start({ stream });
    await put(good.store, "b", 1, 30);
    await until(
      () => good.events.length >= 30,
      () => good.events.length,
    );
    await until(
      () => !relay.ready().ready,
      () => relay.ready(),
    );
    expect(relay.ready()).toMatchObject({ why: expect.stringContaining("cannot be read as an entry") });
    expect(await metric("maru_relay_blocked_shards")).toBe(1);
    await put(good.store, "b", 31, 40);
    await until(
      () => good.events.length >= 40,
      () => good.events.length,
    );
    expect(good.events.map(({ seq }) => seq)).toEqual(oneTo(40));
  });

  test("two workers share two shards, whoever came first", async () => {
    await using one = await newWorld();
    await using other = await newWorld();
    const stream = joinedStream([one, other]);
    one.start({ stream, owner: "early" });
    const owners = async () => (await one.leases.list("joined")).map((shard) => shard.owner).toSorted();
    await until(async () => (await owners()).join() === "early,early", owners);
    one.start({ stream, owner: "late" });
    await until(async () => (await owners()).join() === "early,late", owners);
    await Promise.all([put(one.store, "a", 1, 20), put(other.store, "b", 1, 20)]);
    await until(
      () => one.events.length >= 40,
      () => one.events.length,
    );
    for (const seqs of firstSeqs(one.events).values()) expect(seqs).toEqual(oneTo(20));
  });

  test("an entry that the stream leaves out is read from the table, in its place, and says so", async () => {
    await using world = await newWorld();
    const leavingOut = (record: Parameters<typeof toChange>[0]) => {
      const change = toChange(record);
      const seq = change.kind === "entry" ? change.entry.entry.seq : 0;
      return seq === 3 || seq === 4 ? { kind: "ignored" as const, why: "unknown_event_name" as const } : change;
    };
    const { metric } = world.start({ toChange: leavingOut });
    await put(world.store, "a", 1, 6);
    await until(
      () => world.events.length >= 6,
      () => world.events.length,
    );
    expect(world.events.map(({ seq, event }) => [seq, event.healed])).toEqual([
      [1, false],
      [2, false],
      [3, true],
      [4, true],
      [5, false],
      [6, false],
    ]);
    expect(await metric("maru_relay_healed_total")).toBe(2);
  });

  test("a stream that was turned off and on again is read to its end before the new one", async () => {
    await using world = await newWorld();
    const before = world.start();
    await put(world.store, "a", 1, 5);
    await until(
      () => world.events.length >= 5,
      () => world.events.length,
    );
    await before.relay.drain();
    await put(world.store, "a", 6, 10);
    await switchStream(world.tables, { StreamEnabled: false });
    await switchStream(world.tables, { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" });
    await put(world.store, "a", 11, 15);
    const { relay } = world.start();
    await until(
      () => world.events.length >= 15,
      () => world.events.length,
    );
    expect(world.events.map(({ seq }) => seq)).toEqual(oneTo(15));
    expect(relay.ready()).toEqual({ ready: true });
  });

  test("a relay that was away for longer than the stream keeps its records stands still and says what is lost", async () => {
    await using world = await newWorld();
    const before = world.start();
    await put(world.store, "a", 1, 5);
    await until(
      () => world.events.length >= 5,
      () => world.events.length,
    );
    await before.relay.drain();
    await put(world.store, "a", 6, 9);
    await ageRecords(controlEndpoint, 25);
    await put(world.store, "a", 10, 12);
    const after = world.start();
    await until(
      () => !after.relay.ready().ready && world.events.length === 5,
      () => after.relay.ready(),
    );
    await until(
      async () => (await after.metric("maru_relay_blocked_shards")) === 1,
      () => after.relay.ready(),
    );
    expect(after.relay.ready()).toMatchObject({ ready: false, why: expect.stringContaining("24 hours") });
    expect(world.events.map(({ seq }) => seq)).toEqual(oneTo(5));
  });

  test("a shard that is gone before it was read to its end is told of until its item is deleted", async () => {
    await using world = await newWorld();
    const { streamArn, leases } = world;
    const gone = await leases.acquire({ streamArn, shardId: "gone", owner: "before", ttlMs: 1, nowMs: Date.now() });
    if (gone === undefined) throw new Error("the lease was not given");
    await leases.checkpoint(gone, { sequenceNumber: "1", committedAtMs: BORN_AT_MS });
    await put(world.store, "a", 1, 5);
    const { relay, metric } = world.start();
    await until(
      () => world.events.length >= 5,
      () => world.events.length,
    );
    expect(relay.ready()).toMatchObject({ ready: false, why: expect.stringContaining("2026-06-01T12:00:00.123Z") });
    expect(await metric("maru_relay_blocked_shards")).toBe(1);
    const Key = { pk: { S: `shards#${streamArn}` }, sk: { S: "gone" } };
    await world.tables.client.send(new DeleteItemCommand({ TableName: world.tables.controlTableName, Key }));
    await until(
      () => relay.ready().ready,
      () => relay.ready(),
    );
    expect(await metric("maru_relay_blocked_shards")).toBe(0);
  });
});

async function switchStream({ client, tableName }: TestTables, spec: StreamSpecification): Promise<void> {
  await client.send(new UpdateTableCommand({ TableName: tableName, StreamSpecification: spec }));
}
