import { fromBinary } from "@bufbuild/protobuf";
import { scratchName } from "@maru/devstack";
import { type ConsumedRecord, ensureTopic, startConsumer, startProducer } from "@maru/kafka";
import { type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { Registry } from "prom-client";
import { expect, inject } from "vitest";
import type { Repairs } from "../src/domain/repair.ts";
import type { Store } from "../src/domain/store.ts";
import { createLog } from "../src/log.ts";
import type { EventSink } from "../src/relay/event-sink.ts";
import { createKafkaSink } from "../src/relay/kafka-sink.ts";
import { createTableStream, type TableStream, type TableStreamDeps } from "../src/relay/table-stream.ts";
import type { OutgoingEvent } from "../src/relay/to-event.ts";
import { type Relay, type RelayOptions, startRelay } from "../src/relay/worker.ts";
import { createLeases, type Leases } from "../src/store/control.ts";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { createRepairs } from "../src/store/repairs.ts";
import { readStreamArn } from "../src/store/stream.ts";
import { toChange } from "../src/store/to-change.ts";
import { textEntry } from "./store-fixtures.ts";
import { type TestTables, testTables } from "./store-tables.ts";

export const LEASE_TTL_MS = 2_000;

/** A table with its topics, what is in them, and relays between the two. */
export interface RelayWorld extends AsyncDisposable {
  readonly tables: TestTables;
  readonly store: Store;
  readonly leases: Leases;
  readonly streamArn: string;
  readonly sink: EventSink;
  /** Of the topic of room events, as they arrived. */
  readonly events: readonly ArrivedEvent[];
  /** Of the topic of read markers, as they arrived. */
  readonly markers: readonly ConsumedRecord[];
  readonly deadLetters: readonly ConsumedRecord[];
  readonly repairs: Repairs;
  readonly topics: { readonly roomEvents: string; readonly readMarkers: string; readonly deadLetters: string };
  start(options?: Partial<RelayOptions> & { toChange?: TableStreamDeps["toChange"] }): StartedRelay;
}

export interface ArrivedEvent {
  readonly record: ConsumedRecord;
  readonly event: RoomEvent;
  readonly roomId: string;
  readonly seq: number;
}

export interface StartedRelay {
  readonly relay: Relay;
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

export async function createRelayWorld(endpoint: string): Promise<RelayWorld> {
  await using making = new AsyncDisposableStack();
  const tables = await testTables(endpoint);
  making.defer(() => {
    tables.client.destroy();
    tables.streams.destroy();
  });
  const { brokers } = inject("stack").kafka;
  const connection = { brokers, clientId: "relay-test" };
  const topics = {
    roomEvents: scratchName("room-events"),
    readMarkers: scratchName("read-markers"),
    deadLetters: scratchName("dead-letters"),
  };
  for (const topic of Object.values(topics))
    await ensureTopic(connection, { topic, partitionCount: 4, replicationFactor: 1 });
  const producer = making.use(await startProducer({ ...connection, drainTimeoutMs: 1_000 }));
  const events: ArrivedEvent[] = [];
  const markers: ConsumedRecord[] = [];
  const deadLetters: ConsumedRecord[] = [];
  making.use(
    await startConsumer({
      ...connection,
      groupId: scratchName("relay-test"),
      topics: Object.values(topics),
      fromBeginning: true,
      onBatch(_claim, records) {
        for (const record of records)
          if (record.topic === topics.roomEvents) events.push(toArrived(record));
          else if (record.topic === topics.deadLetters) deadLetters.push(record);
          else markers.push(record);
      },
    }),
  );
  const store = createDynamoStore(tables);
  const leases = createLeases({ client: tables.client, tableName: tables.controlTableName });
  const streamArn = (await readStreamArn(tables.client, tables.tableName)) ?? "";
  const repairs = createRepairs({ ...tables, tableName: tables.controlTableName, roomTable: tables.tableName });
  const sink = createKafkaSink(producer);
  const relays: Relay[] = [];
  making.defer(async () => {
    await Promise.all(relays.map((relay) => relay.close()));
  });
  const made = making.move();

  return {
    tables,
    store,
    leases,
    streamArn,
    sink,
    events,
    markers,
    deadLetters,
    repairs,
    topics,
    start(options = {}) {
      const registry = new Registry();
      const relay = startRelay({
        stream: createTableStream({ ...tables, toChange: options.toChange ?? toChange }),
        store,
        leases,
        repairs,
        sink,
        deadLetterTopic: topics.deadLetters,
        repairDelayMs: 0,
        clock: { nowMs: Date.now },
        topics,
        source: "maru-test",
        registry,
        log: createLog("silent"),
        leaseTtlMs: LEASE_TTL_MS,
        retryBlockedMs: 200,
        ...options,
      });
      relays.push(relay);
      return { relay, metric: (name, labels = {}) => readMetric(registry, name, labels) };
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

/** A sink that sends nothing until it is opened. */
export function gatedSink(sink: EventSink) {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  return {
    open: () => gate.resolve(),
    opened: gate.promise,
    get waiting() {
      return waiting;
    },
    async send(events: readonly OutgoingEvent[]) {
      waiting++;
      await gate.promise;
      await sink.send(events);
    },
  };
}

/** Waits until the condition holds, and fails with what `describe` says when it does not within 45 s. */
export async function until(condition: () => boolean | Promise<boolean>, describe: () => unknown): Promise<void> {
  await expect.poll(async () => (await condition()) || describe(), { timeout: 45_000, interval: 20 }).toBe(true);
}

/** Appends texts to a room, one after the other; `appendedAtMs` says that they were appended then. */
export async function put(
  store: Store,
  roomId: string,
  from: number,
  to: number,
  appendedAtMs?: () => number,
): Promise<void> {
  for (let seq = from; seq <= to; seq++) {
    const entry = textEntry(roomId, seq);
    const at = appendedAtMs === undefined ? {} : { appendedAtMs: appendedAtMs() };
    const outcome = await store.putEntry({ ...entry, ...at });
    if (outcome.kind !== "stored") throw new Error(`entry ${roomId}/${seq} was not stored: ${outcome.kind}`);
  }
}

/** Two tables' streams as one stream of two shards: the engine makes only one shard for each table. */
export function joinedStream(worlds: readonly RelayWorld[]): TableStream {
  const parts = worlds.map(({ tables, streamArn }) => ({
    streamArn,
    stream: createTableStream({ ...tables, toChange }),
  }));
  const name = (part: number, shardId: string) => `${part}:${shardId}`;
  return {
    tableName: "joined",
    arn: async () => "joined",
    tableBornAtMs: async () => undefined,
    async shards() {
      const lists = await Promise.all(parts.map(({ stream, streamArn }) => stream.shards(streamArn)));
      return lists.flatMap((list, part) =>
        list.map((shard) => ({
          ...shard,
          shardId: name(part, shard.shardId),
          parentShardId: shard.parentShardId && name(part, shard.parentShardId),
        })),
      );
    },
    read({ shardId, afterSequenceNumber }, signal) {
      const [part = "", ...rest] = shardId.split(":");
      const { stream, streamArn } = parts[Number(part)] as (typeof parts)[number];
      return stream.read({ streamArn, shardId: rest.join(":"), afterSequenceNumber }, signal);
    },
  };
}

/** Seqs of each room as they arrived first. */
export function firstSeqs(events: readonly ArrivedEvent[]): Map<string, number[]> {
  const seqs = new Map<string, number[]>();
  for (const { roomId, seq } of events) {
    const seen = seqs.get(roomId) ?? [];
    if (!seen.includes(seq)) seen.push(seq);
    seqs.set(roomId, seen);
  }
  return seqs;
}

export function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function toArrived(record: ConsumedRecord): ArrivedEvent {
  const event = fromBinary(RoomEventSchema, record.value ?? new Uint8Array());
  const { roomId = "", seq = 0 } = event.entry ?? event.gap ?? {};
  return { record, event, roomId, seq };
}

async function readMetric(registry: Registry, name: string, labels: Record<string, string>): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  const matching = metric.values.filter((value) =>
    Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted),
  );
  return matching.reduce((sum, { value }) => sum + value, 0);
}
