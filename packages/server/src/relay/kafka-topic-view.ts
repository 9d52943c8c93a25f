import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Broker, type ConsumedRecord, partitionOf, type RoomProducer } from "@maru/kafka";
import { EventHeader, type RoomEvent, RoomEventSchema } from "@maru/protocol";
import type { EventStamps, TopicRecord, TopicSpan, TopicView } from "../domain/admin/topic-view.ts";
import type { Clock } from "../domain/clock.ts";
import { batchesOf } from "./batches-of.ts";
import { createKafkaSink } from "./kafka-sink.ts";
import { type EventTopics, toEvent } from "./to-event.ts";

export interface KafkaTopicViewDeps {
  readonly broker: Broker;
  readonly topics: EventTopics;
  /** What the events say they come from. */
  readonly source: string;
  readonly clock: Clock;
  /** See TopicView. */
  readonly relayedUntilMs: () => Promise<number | undefined>;
}

export interface KafkaTopicView extends TopicView, AsyncDisposable {}

/** The topic of room events in Kafka. A producer is only started when something must be written again. */
export function createKafkaTopicView(deps: KafkaTopicViewDeps): KafkaTopicView {
  const { broker, clock, relayedUntilMs } = deps;
  const topic = deps.topics.roomEvents;
  let producer: Promise<RoomProducer> | undefined;
  const startProducer = () => {
    producer ??= broker.startProducer().catch((error: unknown) => {
      producer = undefined;
      throw error;
    });
    return producer;
  };
  return {
    topic,
    relayedUntilMs,
    partitionCount: () => broker.topicPartitions(topic),
    partitionOf,
    async spanSince(partition, sinceMs) {
      const held = (await broker.topicOffsets(topic)).find((one) => one.partition === partition);
      if (held === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
      const { lowOffset, highOffset } = held;
      const found = sinceMs === 0 ? lowOffset : (await broker.offsetsAtTime(topic, sinceMs)).get(partition);
      const fromOffset = within(found ?? lowOffset, lowOffset, highOffset);
      const isStart = fromOffset === lowOffset;
      const before = isStart ? (lowOffset === 0n ? "nothing" : "removed") : undefined;
      return { partition, fromOffset, untilOffset: highOffset, before };
    },
    read: (span, signal) => read(broker, topic, span, signal),
    follow: (roomId, signal) => follow(broker, topic, roomId, signal),
    async groupOffsets(partition) {
      const found = await broker.groupOffsets(topic);
      return [...found]
        .flatMap(([group, offsets]) => {
          const committedOffset = offsets.get(partition);
          return committedOffset === undefined ? [] : [{ group, committedOffset }];
        })
        .toSorted((a, b) => (a.group < b.group ? -1 : 1));
    },
    async refill(entries) {
      const sink = createKafkaSink(await startProducer());
      const origin = { topics: deps.topics, source: deps.source, relayedAtMs: clock.nowMs(), healed: true };
      await sink.send(
        entries.flatMap((entry) => toEvent({ kind: "entry", entry, committedAtMs: entry.appendedAtMs }, origin) ?? []),
      );
    },
    async [Symbol.asyncDispose]() {
      await (await producer?.catch(() => undefined))?.close();
    },
  };
}

async function* read(
  broker: Broker,
  topic: string,
  { partition, fromOffset, untilOffset }: TopicSpan,
  signal: AbortSignal,
): AsyncGenerator<readonly TopicRecord[], void> {
  if (fromOffset >= untilOffset) return;
  const range = {
    topic,
    partitions: [partition],
    from: new Map([[partition, fromOffset]]),
    until: new Map([[partition, untilOffset]]),
  };
  for await (const records of batchesOf<ConsumedRecord>(
    (take, stopped) => broker.readPartitions({ ...range, signal: stopped }, take),
    signal,
  )) {
    yield records.flatMap((record) => toTopicRecord(record) ?? []);
  }
}

async function* follow(
  broker: Broker,
  topic: string,
  roomId: string,
  signal: AbortSignal,
): AsyncGenerator<readonly TopicRecord[], void> {
  const held = await broker.topicOffsets(topic);
  const place = held.find(({ partition }) => partition === partitionOf(roomId, held.length));
  if (place === undefined) throw new Error(`topic ${topic} has no partition for the room ${roomId}`);
  const from = new Map([[place.partition, place.highOffset]]);
  for await (const records of batchesOf<ConsumedRecord>(
    (take, stopped) => broker.followPartitions({ topic, from, signal: stopped }, take),
    signal,
  )) {
    yield records.flatMap((record) => toTopicRecord(record) ?? []);
  }
}

/** Undefined for what is no event of an entry: somebody else wrote into the topic. */
export function toTopicRecord(record: ConsumedRecord): TopicRecord | undefined {
  const seq = Number(record.headers[EventHeader.seq]);
  if (record.key === null || !Number.isInteger(seq)) return undefined;
  const { offset, timestampMs: storedAtMs, value } = record;
  return { roomId: Buffer.from(record.key).toString(), seq, offset, storedAtMs, stamps: () => stampsOf(value) };
}

function stampsOf(value: Uint8Array | null): EventStamps {
  const event = decode(value);
  return {
    committedAtMs: msOf(event?.committedAt),
    streamedAtMs: msOf(event?.streamedAt),
    relayedAtMs: msOf(event?.relayedAt),
    isHealed: event?.healed ?? false,
    isGap: event?.gap !== undefined,
  };
}

function decode(value: Uint8Array | null): RoomEvent | undefined {
  try {
    return value === null ? undefined : fromBinary(RoomEventSchema, value);
  } catch {
    // Its offset is what is asked for: whether consumers can read it, they say themselves.
    return undefined;
  }
}

function msOf(time: Timestamp | undefined): number | undefined {
  return time && timestampMs(time);
}

function within(offset: bigint, least: bigint, most: bigint): bigint {
  if (offset < least) return least;
  return offset < most ? offset : most;
}
