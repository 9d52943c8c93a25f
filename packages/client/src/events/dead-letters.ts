import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Broker, type ConsumedRecord, UnknownTopicError } from "@maru/kafka";
import { DeadLetterSchema, DeadLetterState, deadLettersTopic, parkedTopic } from "@maru/protocol";
import { type BrokerOptions, brokerOf } from "./broker-of.ts";

/** What stands of a dead letter: the room is parked, the event was skipped, or somebody asked to try again. */
export type DeadLetterStatus = "parked" | "skipped" | "redriveRequested" | "unknown";

/** Something that a consumer group could not handle. */
export interface DeadLetterItem {
  /** `room`: all of the room waits from this event on. `event`: the event was skipped, and the room went on. */
  readonly what: "room" | "event";
  readonly state: DeadLetterStatus;
  readonly group: string;
  readonly roomId: string;
  /** Number of the entry that failed. */
  readonly seq: number;
  /** The entry's type, `message_sent` for example. */
  readonly type: string;
  /** How often the handler was called for it. */
  readonly attemptCount: number;
  readonly firstFailedAt: Date | undefined;
  readonly lastFailedAt: Date | undefined;
  /** What the handler threw last. */
  readonly error: string;
  /** Where the event lies. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Which dead letters are meant; all that is given must hold. */
export interface DeadLetterFilter {
  readonly roomIds?: readonly string[];
  /** The entry's type, `message_sent` for example. */
  readonly type?: string;
  /** That failed last then or later. */
  readonly since?: Date;
  readonly state?: DeadLetterStatus;
  /** At most so many, those that have failed for the longest first. */
  readonly limit?: number;
}

/** Whose dead letters, and which of them. */
export interface ListDeadLettersOptions extends BrokerOptions, DeadLetterFilter {
  readonly group: string;
  readonly signal?: AbortSignal;
}

/** The group keeps no dead letters on this cluster: neither of its topics is there. Look at the name. */
export class NoDeadLettersError extends Error {
  override readonly name = "NoDeadLettersError";
  readonly group: string;

  /** Made by `listDeadLetters` and `redriveDeadLetters`. */
  constructor(group: string) {
    super(
      `group ${group} keeps no dead letters here: neither ${parkedTopic(group)} nor ${deadLettersTopic(group)} exists`,
    );
    this.group = group;
  }
}

/** A dead letter with the record that it stands in. */
export interface StoredDeadLetter {
  readonly item: DeadLetterItem;
  readonly record: ConsumedRecord;
}

/**
 * What a consumer group could not handle, the one that has failed for the longest first: parked rooms and skipped events.
 *
 * @throws NoDeadLettersError when the group keeps none on this cluster; KafkaError
 * @example
 * for (const { roomId, seq, error } of await listDeadLetters({ brokers, group: "push" })) console.log(roomId, seq, error);
 */
export async function listDeadLetters(options: ListDeadLettersOptions): Promise<DeadLetterItem[]> {
  const stored = await readDeadLetters(
    brokerOf("listDeadLetters", options, "maru-dead-letters"),
    options.group,
    options.signal,
  );
  return chooseDeadLetters(stored, options).map(({ item }) => item);
}

/** Everything that stands in the group's two topics. */
export async function readDeadLetters(
  broker: Broker,
  group: string,
  signal: AbortSignal | undefined,
): Promise<StoredDeadLetter[]> {
  const topics = [parkedTopic(group), deadLettersTopic(group)];
  const read = await Promise.all(topics.map((topic) => readTopic(broker, topic, signal)));
  if (read.every((records) => records === undefined)) throw new NoDeadLettersError(group);
  return read.flatMap((records) =>
    [...(records?.values() ?? [])].flatMap((record) => {
      const item = toDeadLetterItem(group, record);
      return item === undefined ? [] : [{ item, record }];
    }),
  );
}

/** The last record of each key that has a value; undefined when the topic is not there. */
async function readTopic(
  broker: Broker,
  topic: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, ConsumedRecord> | undefined> {
  const standing = new Map<string, ConsumedRecord>();
  try {
    const partitions = (await broker.topicOffsets(topic)).map(({ partition }) => partition);
    await broker.readPartitions({ topic, partitions, ...(signal === undefined ? {} : { signal }) }, (records) => {
      for (const record of records) {
        if (record.value === null) standing.delete(keyOf(record));
        else standing.set(keyOf(record), record);
      }
    });
    return standing;
  } catch (error) {
    if (error instanceof UnknownTopicError) return undefined;
    throw error;
  }
}

/** The key of a record, as text. */
export function keyOf({ key }: ConsumedRecord): string {
  return new TextDecoder().decode(key ?? new Uint8Array());
}

/** What a record of one of the group's topics says; undefined for a tombstone. Throws what the bytes make it throw. */
export function toDeadLetterItem(group: string, record: ConsumedRecord): DeadLetterItem | undefined {
  if (record.value === null) return undefined;
  const letter = fromBinary(DeadLetterSchema, record.value);
  const { roomId, seq, type, attemptCount, error, topic, partition, offset } = letter;
  return {
    what: record.topic === parkedTopic(group) ? "room" : "event",
    state: statusOf(letter.state),
    group,
    roomId,
    seq,
    type,
    attemptCount,
    firstFailedAt: toDate(letter.firstFailedAt),
    lastFailedAt: toDate(letter.lastFailedAt),
    error,
    topic,
    partition,
    offset,
  };
}

/** Those that a filter means, the longest failing first. */
export function chooseDeadLetters<T extends { readonly item: DeadLetterItem }>(
  all: readonly T[],
  { roomIds, type, since, state, limit }: DeadLetterFilter,
): T[] {
  const chosen = all.filter(
    ({ item }) =>
      (roomIds === undefined || roomIds.includes(item.roomId)) &&
      (type === undefined || item.type === type) &&
      (since === undefined || (item.lastFailedAt !== undefined && item.lastFailedAt >= since)) &&
      (state === undefined || item.state === state),
  );
  const failedSince = ({ item }: T) => item.firstFailedAt?.getTime() ?? 0;
  chosen.sort((a, b) => failedSince(a) - failedSince(b) || (a.item.roomId < b.item.roomId ? -1 : 1));
  return limit === undefined ? chosen : chosen.slice(0, limit);
}

function statusOf(state: DeadLetterState): DeadLetterStatus {
  switch (state) {
    case DeadLetterState.PARKED:
      return "parked";
    case DeadLetterState.SKIPPED:
      return "skipped";
    case DeadLetterState.REDRIVE_REQUESTED:
      return "redriveRequested";
    default:
      return "unknown";
  }
}

function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined ? undefined : timestampDate(timestamp);
}
