import { type StreamSpecification, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { ageRecords, rollShards, type Stack, startStack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Log } from "../src/log.ts";
import { createRelayWorld, firstSeqs, gatedSink, oneTo, put, type RelayWorld, until } from "./relay-world.ts";
import { creation } from "./store-fixtures.ts";

const hourMs = 3_600_000;
const now = () => Date.now();

/** On a table engine of its own: rolling shards and ageing records reach every stream of an engine. */
describe("a relay that missed changes", () => {
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
  const hasRepaired = async (world: RelayWorld) => (await world.repairs.read())?.done === true;

  test("because it was away for longer than the stream keeps them, hands them on from the table while sending goes on", async () => {
    await using world = await newWorld();
    for (const roomId of ["busy", "quiet", "old"]) await open(world, roomId);
    const before = world.start();
    await Promise.all(["busy", "quiet"].map((roomId) => put(world.store, roomId, 2, 5, now)));
    await put(world.store, "old", 2, 4, () => now() - 30 * hourMs);
    await arrived(world, { busy: 5, quiet: 5, old: 4 });
    await before.relay.drain();
    await put(world.store, "busy", 6, 9, now);
    await put(world.store, "quiet", 6, 9, now);
    await ageRecords(controlEndpoint, 25);
    await put(world.store, "busy", 10, 12, now);

    const { log, lines } = notingLog();
    const relays = [world.start({ log }), world.start({ log })];
    await put(world.store, "busy", 13, 40, now);
    await arrived(world, { busy: 40, quiet: 9, old: 4 });
    await until(
      () => hasRepaired(world),
      () => world.repairs.read(),
    );
    for (const seqs of firstSeqs(world.events).values()) expect(seqs).toEqual(oneTo(seqs.length));
    const lastOf = (roomId: string) => world.events.findLast((event) => event.roomId === roomId);
    expect(lastOf("quiet")).toMatchObject({ seq: 9, event: { healed: true } });
    // What was appended before the relay left was not handed on again.
    expect(world.events.filter(({ roomId }) => roomId === "old").length).toBe(4);
    expect(lines.filter((line) => line.includes("the relay missed changes"))).toHaveLength(1);
    expect((await world.repairs.read())?.losses).toHaveLength(1);
    await until(
      () => relays.every(({ relay }) => JSON.stringify(relay.ready()) === '{"ready":true}'),
      () => relays.map(({ relay }) => relay.ready()),
    );

    // Nobody is told again.
    const revision = (await world.repairs.read())?.revision;
    await Promise.all(relays.map(({ relay }) => relay.drain()));
    world.start({ log });
    await put(world.store, "quiet", 10, 11, now);
    await arrived(world, { busy: 40, quiet: 11, old: 4 });
    expect((await world.repairs.read())?.revision).toBe(revision);
  });

  test("a room that it meets in the stream is first handed on from where it was left, though the walk has not come to it", async () => {
    await using world = await newWorld();
    await open(world, "a");
    const before = world.start();
    await put(world.store, "a", 2, 3, now);
    await arrived(world, { a: 3 });
    await before.relay.drain();
    await put(world.store, "a", 4, 6, now);
    await ageRecords(controlEndpoint, 25);
    const { relay, metric } = world.start({ repairDelayMs: 600_000 });
    await put(world.store, "a", 7, 8, now);
    await arrived(world, { a: 8 });
    expect(firstSeqs(world.events).get("a")).toEqual(oneTo(8));
    expect(relay.ready()).toMatchObject({ ready: true, note: expect.stringMatching(/hands on again.*0 %/) });
    expect(await metric("maru_relay_repair_running")).toBe(1);
    expect(await metric("maru_relay_repair_ratio")).toBe(0);
    expect((await world.repairs.read())?.done).toBe(false);
  });

  test("because the stream was replaced, reads the old one to its end, and finds in the table what is in neither", async () => {
    await using world = await newWorld();
    await open(world, "a");
    const before = world.start();
    await put(world.store, "a", 2, 5, now);
    await arrived(world, { a: 5 });
    await before.relay.drain();
    await put(world.store, "a", 6, 10, now);
    await switchStream(world, { StreamEnabled: false });
    await put(world.store, "a", 11, 13, now);
    await switchStream(world, { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" });
    await put(world.store, "a", 14, 15, now);
    const { relay } = world.start();
    await arrived(world, { a: 15 });
    expect(firstSeqs(world.events).get("a")).toEqual(oneTo(15));
    await until(
      () => hasRepaired(world),
      () => world.repairs.read(),
    );
    expect(relay.ready().ready).toBe(true);
  });

  test("because a shard is gone that nobody read to its end, goes on with its children and closes it", async () => {
    await using world = await newWorld();
    const { streamArn, leases } = world;
    await open(world, "a");
    await put(world.store, "a", 2, 5, now);
    const gone = await leases.acquire({ streamArn, shardId: "gone", owner: "before", ttlMs: 1, nowMs: now() - hourMs });
    if (gone === undefined) throw new Error("the lease was not given");
    await leases.checkpoint(gone, { sequenceNumber: "1", committedAtMs: now() - 30 * hourMs });
    world.start();
    await arrived(world, { a: 5 });
    await until(
      () => hasRepaired(world),
      () => world.repairs.read(),
    );
    const sinceMs = (await world.repairs.read())?.sinceMs ?? 0;
    expect(now() - sinceMs).toBeGreaterThan(30 * hourMs);
    const states = await leases.list(streamArn);
    expect(states.find(({ shardId }) => shardId === "gone")).toMatchObject({ finished: true, owner: undefined });
  });

  test("because the control table is new and the table is not, hands on everything that the table holds", async () => {
    await using world = await newWorld();
    await open(world, "a");
    await put(world.store, "a", 2, 5, () => now() - 1_000 * hourMs);
    await ageRecords(controlEndpoint, 25);
    const later = { nowMs: () => now() + 25 * hourMs };
    world.start({ clock: later });
    await arrived(world, { a: 5 });
    expect(world.events.every(({ event }) => event.healed)).toBe(true);
    expect((await world.repairs.read())?.sinceMs).toBeUndefined();
  });

  test("says nothing of a child that was never read, when its parent was finished within the stream's time", async () => {
    await using world = await newWorld();
    await open(world, "a");
    const { relay } = world.start();
    await arrived(world, { a: 1 });
    await rollShards(controlEndpoint);
    await put(world.store, "a", 2, 3, now);
    await arrived(world, { a: 3 });
    const [child] = (await world.leases.list(world.streamArn)).filter(({ finished }) => !finished);
    const [parent] = (await world.leases.list(world.streamArn)).filter(({ finished }) => finished);
    expect(child?.sinceMs).toBeGreaterThanOrEqual(parent?.sinceMs ?? Number.POSITIVE_INFINITY);
    expect(await world.repairs.read()).toBeUndefined();
    expect(relay.ready()).toEqual({ ready: true });
  });

  test("a worker that hangs loses its shard to one that works", async () => {
    await using world = await newWorld();
    const gate = gatedSink(world.sink);
    const hung = world.start({ sink: gate, owner: "hung", stalledAfterMs: 300 });
    await put(world.store, "a", 1, 3);
    await until(
      () => gate.waiting > 0,
      () => "the worker has sent nothing",
    );
    world.start({ owner: "working" });
    await arrived(world, { a: 3 });
    expect(await world.leases.list(world.streamArn)).toMatchObject([{ owner: "working", epoch: 2 }]);
    gate.open();
    await hung.relay.drain();
    expect(firstSeqs(world.events).get("a")).toEqual(oneTo(3));
  });
});

async function open({ store }: RelayWorld, roomId: string): Promise<void> {
  const { entry, change } = creation(roomId, ["ann"]);
  await store.putEntryWithState({ ...entry, appendedAtMs: now() - 40 * hourMs }, change);
}

/** Waits until so many entries of each room are in the topic. */
async function arrived(world: RelayWorld, counts: Readonly<Record<string, number>>): Promise<void> {
  const missing = () =>
    Object.entries(counts).filter(([roomId, count]) => (firstSeqs(world.events).get(roomId)?.length ?? 0) < count);
  await until(
    () => missing().length === 0,
    () => missing().map(([roomId]) => [roomId, firstSeqs(world.events).get(roomId)]),
  );
}

async function switchStream({ tables }: RelayWorld, spec: StreamSpecification): Promise<void> {
  const { client, tableName } = tables;
  await client.send(new UpdateTableCommand({ TableName: tableName, StreamSpecification: spec }));
}

/** A log whose lines can be read. */
function notingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const note = (_fields: unknown, line?: string) => void lines.push(line ?? String(_fields));
  const log = { info: note, warn: note, error: note, child: () => log } as unknown as Log;
  return { log, lines };
}
