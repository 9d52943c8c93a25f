import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { rollShards, type Stack, startStack } from "@maru/devstack";
import { partitionOf } from "@maru/kafka";
import { CommitMessageRequestSchema, HoldState, ReadMarkerEventSchema, SendMessageRequestSchema } from "@maru/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitMessage } from "../src/domain/messages/commit.ts";
import { sendMessage } from "../src/domain/messages/send.ts";
import { toOpenLetters } from "../src/relay/open-letters.ts";
import { toChange } from "../src/store/to-change.ts";
import { call, makeRoom, service, startServer } from "./log-fixtures.ts";
import { createRelayWorld, firstSeqs, gatedSink, joinedStream, oneTo, put, until } from "./relay-world.ts";
import { BORN_AT_MS, creation } from "./store-fixtures.ts";

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
      // The stream's own time, which is now; entries say when they were appended, by their server's clock.
      expect(Date.now() - (event.streamedAt ? timestampMs(event.streamedAt) : 0)).toBeLessThan(600_000);
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

  test("an entry that cannot be read is put aside whole, and told as a gap in its place", async () => {
    await using world = await newWorld();
    const { relay, metric } = world.start();
    await put(world.store, "a", 1, 2);
    const Item = {
      room_id: { S: "a" },
      sk: { S: "log#0000000003" },
      type: { S: "message_sent" },
      blob: { B: Buffer.from("x") },
    };
    await world.tables.client.send(new PutItemCommand({ TableName: world.tables.tableName, Item }));
    await put(world.store, "a", 4, 5);
    await until(
      () => world.events.length >= 5 && world.deadLetters.length >= 1,
      () => world.events.length,
    );
    expect(world.events.map(({ seq, event }) => [seq, event.gap?.why ?? event.entry?.type])).toEqual([
      ...[1, 2].map((seq) => [seq, "message_sent"]),
      [3, "it has no body"],
      ...[4, 5].map((seq) => [seq, "message_sent"]),
    ]);
    expect(world.events[2]?.record.headers).toMatchObject({
      seq: "3",
      ce_id: "a/3",
      ce_type: "maru.events.v1.entry_gap",
    });
    const [letter] = toOpenLetters(world.deadLetters);
    expect(letter).toMatchObject({ roomId: "a", seq: 3, sortKey: "log#0000000003", why: "it has no body" });
    const record = JSON.parse(letter?.json ?? "");
    expect(record).toMatchObject({ eventName: "INSERT", dynamodb: { SequenceNumber: letter?.sequenceNumber } });
    expect(record.dynamodb.NewImage).toEqual({ ...Item, blob: { B: "eA==" } });
    expect(await metric("maru_relay_dead_total", { why: "poison_record" })).toBe(1);
    expect(await metric("maru_relay_blocked_shards")).toBe(0);
    expect(relay.ready()).toEqual({ ready: true });
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

  test("relays share shards that roll again and again, one of them dies, and each room stays in order", async () => {
    await using one = await newWorld();
    await using other = await newWorld();
    const stream = joinedStream([one, other]);
    const relays = ["first", "second", "third"].map((owner) => one.start({ stream, owner }));
    const writing = Promise.all(
      [one, other].flatMap(({ store }, at) => ["a", "b"].map((name) => put(store, `${name}${at}`, 1, 60))),
    );
    for (const count of [40, 80, 120]) {
      await until(
        () => one.events.length >= count,
        () => one.events.length,
      );
      await rollShards(controlEndpoint);
      if (count === 80) await relays[0]?.relay.close();
    }
    await writing;
    const rooms = () => [...firstSeqs(one.events).values()];
    await until(
      () => rooms().length === 4 && rooms().every((seqs) => seqs.length === 60),
      () => rooms().map((seqs) => seqs.length),
    );
    for (const seqs of rooms()) expect(seqs).toEqual(oneTo(60));
    expect(await one.repairs.read()).toBeUndefined();
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
    expect(world.events.map(({ event }) => event.streamedAt !== undefined)).toEqual(
      world.events.map(({ event }) => !event.healed),
    );
    expect(await metric("maru_relay_healed_total")).toBe(2);
  });
});
