import type { LoggedEntry } from "../store.ts";

/** A part of a partition of the topic of room events. */
export interface TopicSpan {
  readonly partition: number;
  readonly fromOffset: bigint;
  /** The first offset behind it. */
  readonly untilOffset: bigint;
  /** What the topic holds begins here: `nothing` was before it, or what was is `removed`. Undefined when there is more before. */
  readonly before?: "nothing" | "removed" | undefined;
}

/** A record of the topic, as far as it must be known to find entries. */
export interface TopicRecord {
  readonly roomId: string;
  readonly seq: number;
  readonly offset: bigint;
  /** By Kafka. */
  readonly storedAtMs: number;
  /** What is in the event beside the entry; read only when it is asked for. */
  stamps(): EventStamps;
}

export interface EventStamps {
  readonly committedAtMs: number | undefined;
  readonly streamedAtMs: number | undefined;
  readonly relayedAtMs: number | undefined;
  readonly isHealed: boolean;
  readonly isGap: boolean;
}

/** How far a consumer group is in a partition. */
export interface GroupOffset {
  readonly group: string;
  readonly committedOffset: bigint;
}

/** The topic of room events, seen from outside of all groups. Each method rejects when the brokers cannot be reached. */
export interface TopicView {
  readonly topic: string;
  partitionCount(): Promise<number>;
  partitionOf(roomId: string, partitionCount: number): number;
  /** What a partition holds now from a time of Kafka's on. */
  spanSince(partition: number, sinceMs: number): Promise<TopicSpan>;
  /** Records in the order of their offsets, some at a time. */
  read(span: TopicSpan, signal: AbortSignal): AsyncIterable<readonly TopicRecord[]>;
  /** Records that come from now on into the room's partition, of whatever room, until the signal aborts. */
  follow(roomId: string, signal: AbortSignal): AsyncIterable<readonly TopicRecord[]>;
  /** The groups that have committed an offset in the partition, by name. */
  groupOffsets(partition: number): Promise<readonly GroupOffset[]>;
  /** Every entry that was committed before has been relayed; undefined when that is not known. */
  relayedUntilMs(): Promise<number | undefined>;
  /** Writes events of the entries into the topic, marked as healed, in their order; resolves when all replicas have them. */
  refill(entries: readonly LoggedEntry[]): Promise<void>;
}
