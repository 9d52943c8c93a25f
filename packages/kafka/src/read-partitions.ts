import type { KafkaConnection } from "./connection.ts";
import { heldOf, readOutside, toPlaces } from "./read-outside.ts";
import type { ConsumedRecord } from "./record.ts";

/** What to read. */
export interface ReadRange {
  topic: string;
  partitions: readonly number[];
  /** The first offset to read, by partition; a partition that is not named is read from its first record. */
  from?: ReadonlyMap<number, bigint>;
  /** Reading ends before this offset, by partition; a partition that is not named is read up to what it holds now. */
  until?: ReadonlyMap<number, bigint>;
  /** Stops the reading; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What to follow. */
export interface FollowRange {
  topic: string;
  /** The first offset to read, of each partition that is followed. */
  from: ReadonlyMap<number, bigint>;
  /** Ends the following: it then resolves. */
  signal: AbortSignal;
}

/**
 * Reads partitions from their first record, or from an offset, up to what they hold now, outside of any group of yours and
 * without committing: for a topic that keeps state, such as a compacted one, before following it. Records of one partition
 * come in order. Brokers let a new group wait `group.initial.rebalance.delay.ms` (3 s by default), so ask for all partitions
 * at once.
 *
 * @throws UnknownTopicError, KafkaError; OffsetLostError when an offset is not, or no longer, in the log; what `onRecords` throws
 * @example
 * await readPartitions(connection, { topic: "push.parked", partitions: [3, 4] }, (records) => records.forEach(remember));
 */
export async function readPartitions(
  connection: KafkaConnection,
  range: ReadRange,
  onRecords: (records: ConsumedRecord[]) => void | Promise<void>,
): Promise<void> {
  const { topic, from, until } = range;
  const signal = range.signal ?? new AbortController().signal;
  const held = await heldOf(connection, topic, signal);
  const wanted = range.partitions.map((partition) => {
    const end = until?.get(partition) ?? held.get(partition)?.highOffset;
    return [partition, { from: from?.get(partition), end }] as const;
  });
  await readOutside(connection, { topic, places: toPlaces(topic, held, wanted), signal, onRecords });
}

/**
 * Reads partitions from given offsets on, and goes on with what comes, until the signal aborts: outside of any group of yours
 * and without committing. Records of one partition come in order, each once; while `onRecords` is pending, no more is fetched
 * of that partition. Not to be aborted while `onRecords` waits for something that the same signal does not end.
 *
 * @throws UnknownTopicError, KafkaError; OffsetLostError when an offset is not, or no longer, in the log; what `onRecords` throws
 * @example
 * const from = new Map((await topicOffsets(connection, topic)).map((p) => [p.partition, p.highOffset]));
 * await followPartitions(connection, { topic, from, signal }, (records) => records.forEach(show));
 */
export async function followPartitions(
  connection: KafkaConnection,
  { topic, from, signal }: FollowRange,
  onRecords: (records: ConsumedRecord[]) => void | Promise<void>,
): Promise<void> {
  try {
    const held = await heldOf(connection, topic, signal);
    const wanted = [...from].map(([partition, offset]) => [partition, { from: offset, end: undefined }] as const);
    await readOutside(connection, { topic, places: toPlaces(topic, held, wanted), signal, onRecords });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
