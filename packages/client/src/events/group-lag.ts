import type { PartitionOffsets } from "@maru/kafka";
import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { type BrokerOptions, brokerOf } from "./broker-of.ts";
import { keyOf } from "./dead-letters.ts";

/** Whose lag, on which topic. */
export interface GroupLagOptions extends BrokerOptions {
  readonly group: string;
  /** @default "maru.room-events.v1" */
  readonly topic?: string;
  /** Also tells of the rooms with the most waiting events, so many; all waiting events are read for that. @default 0 */
  readonly rooms?: number;
  readonly signal?: AbortSignal;
}

/** How far a group is behind in a partition. */
export interface GroupPartitionLag {
  readonly partition: number;
  /** Where the group goes on; undefined: it has committed nothing here. */
  readonly committed: bigint | undefined;
  /** The offset that the next event will get. */
  readonly end: bigint;
  /** Events that are not done; of a group that has committed nothing, all that the topic holds. */
  readonly eventCount: number;
  /** Those of them that retention took before they were done. */
  readonly lostCount: number;
  /** How long the first event that is not done has been in Kafka; 0 when none is left, undefined when it cannot be read. */
  readonly seconds: number | undefined;
}

/** A room with events that are not done. */
export interface GroupRoomLag {
  readonly roomId: string;
  readonly partition: number;
  readonly eventCount: number;
  /** How long the first of them has been in Kafka. */
  readonly seconds: number;
}

/** How far a group is behind. */
export interface GroupLag {
  readonly group: string;
  readonly topic: string;
  readonly partitions: readonly GroupPartitionLag[];
  /** Over all partitions. */
  readonly eventCount: number;
  /** The highest of the partitions. */
  readonly seconds: number;
  /** The rooms with the most waiting events first; empty unless asked for. */
  readonly rooms: readonly GroupRoomLag[];
}

/**
 * How far a consumer group is behind, as the brokers know it, whether one of its consumers runs or not.
 *
 * @throws UnknownTopicError, KafkaError
 * @example
 * const { eventCount, seconds } = await groupLag({ brokers, group: "push" });
 */
export async function groupLag(options: GroupLagOptions): Promise<GroupLag> {
  const { group, topic = ROOM_EVENTS_TOPIC, rooms = 0, signal } = options;
  const broker = brokerOf("groupLag", options, "maru-lag");
  // Committed offsets first: the other way round, the group may seem to be ahead of the end.
  const committed = await broker.committedOffsets(group, topic);
  const held = await broker.topicOffsets(topic);
  const behind = held.filter((one) => firstLeft(one, committed) < one.highOffset);
  const from = new Map(behind.map((one) => [one.partition, firstLeft(one, committed)]));
  const until = new Map(
    behind.map((one) => [one.partition, rooms > 0 ? one.highOffset : firstLeft(one, committed) + 1n]),
  );
  const firstMs = new Map<number, number>();
  const waiting = new Map<string, { partition: number; eventCount: number; firstMs: number }>();
  const range = { topic, partitions: [...from.keys()], from, until, ...(signal === undefined ? {} : { signal }) };
  if (from.size > 0) {
    await broker.readPartitions(range, (records) => {
      for (const record of records) {
        const { partition, timestampMs } = record;
        if (!firstMs.has(partition)) firstMs.set(partition, timestampMs);
        const room = waiting.get(keyOf(record));
        if (room !== undefined) room.eventCount++;
        else if (rooms > 0) waiting.set(keyOf(record), { partition, eventCount: 1, firstMs: timestampMs });
      }
    });
  }
  const nowMs = Date.now();
  const partitions = held.map((one) =>
    toPartitionLag(one, committed.get(one.partition), firstMs.get(one.partition), nowMs),
  );
  const mostFirst = [...waiting].sort(([, a], [, b]) => b.eventCount - a.eventCount || a.firstMs - b.firstMs);
  return {
    group,
    topic,
    partitions,
    eventCount: partitions.reduce((sum, one) => sum + one.eventCount, 0),
    seconds: partitions.reduce((most, one) => Math.max(most, one.seconds ?? 0), 0),
    rooms: mostFirst.slice(0, rooms).map(([roomId, { firstMs, ...room }]) => ({
      roomId,
      ...room,
      seconds: secondsSince(firstMs, nowMs),
    })),
  };
}

/** Pure. The lag of one partition. */
export function toPartitionLag(
  { partition, lowOffset, highOffset }: PartitionOffsets,
  committed: bigint | undefined,
  firstMs: number | undefined,
  nowMs: number,
): GroupPartitionLag {
  const next = committed ?? lowOffset;
  const eventCount = highOffset > next ? Number(highOffset - next) : 0;
  const lostCount = lowOffset > next ? Number(lowOffset - next) : 0;
  const seconds = eventCount === 0 ? 0 : firstMs === undefined ? undefined : secondsSince(firstMs, nowMs);
  return { partition, committed, end: highOffset, eventCount, lostCount, seconds };
}

function firstLeft({ partition, lowOffset }: PartitionOffsets, committed: ReadonlyMap<number, bigint>): bigint {
  const next = committed.get(partition) ?? lowOffset;
  return next > lowOffset ? next : lowOffset;
}

function secondsSince(ms: number, nowMs: number): number {
  return Math.max(0, nowMs - ms) / 1000;
}
