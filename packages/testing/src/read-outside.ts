import { type ConsumedRecord, KafkaError, OffsetLostError } from "@maru/kafka";
import type { BrokerWeather } from "./broker-weather.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { TopicLog } from "./topic-log.ts";

export interface OutsideReading {
  readonly log: TopicLog;
  readonly weather: BrokerWeather;
  readonly signal: AbortSignal;
  onRecords(records: ConsumedRecord[]): void | Promise<void>;
}

export interface OutsidePlace {
  readonly partition: number;
  /** Undefined: the first that there is. */
  readonly from: bigint | undefined;
  /** Reading stops here; undefined: never. */
  readonly end: bigint | undefined;
}

const maxBatchBytes = 1024 * 1024;

/** Reads partitions outside of any group, side by side, until all have come to their end. */
export async function readOutside(reading: OutsideReading, places: readonly OutsidePlace[]): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([reading.signal, over.signal]);
  const starts = places.map((place) => ({ ...place, next: startOf(reading.log, place) }));
  const readings = starts.map((start) => readOne({ ...reading, signal }, start));
  try {
    await Promise.all(readings);
  } finally {
    over.abort();
    await Promise.allSettled(readings);
  }
}

async function readOne(
  { log, weather, signal, onRecords }: OutsideReading,
  { partition, next: start, end }: OutsidePlace & { readonly next: bigint },
): Promise<void> {
  for (let next = start; end === undefined || next < end; ) {
    signal.throwIfAborted();
    const from = partitionOf(log, partition);
    requireHeld(log, partition, next);
    if (next === from.highOffset) {
      await log.changed(signal);
      continue;
    }
    await weather.before("fetch");
    const fetched = from.fetch(next, maxBatchBytes).filter(({ offset }) => end === undefined || offset < end);
    const last = fetched.at(-1)?.offset ?? (end ?? from.highOffset) - 1n;
    await weather.after("fetch");
    signal.throwIfAborted();
    if (fetched.length > 0) await onRecords(fetched.map((record) => ({ ...record })));
    next = last + 1n;
  }
}

function startOf(log: TopicLog, { partition, from }: OutsidePlace): bigint {
  const next = from ?? partitionOf(log, partition).lowOffset;
  requireHeld(log, partition, next);
  return next;
}

function requireHeld(log: TopicLog, partition: number, next: bigint): void {
  const { lowOffset, highOffset } = partitionOf(log, partition);
  if (next >= lowOffset && next <= highOffset) return;
  throw new OffsetLostError({ topic: log.topic.name, partition }, next, lowOffset, highOffset);
}

function partitionOf({ topic, partitions }: TopicLog, partition: number): PartitionLog {
  const found = partitions[partition];
  if (found === undefined) throw new KafkaError(`topic ${topic.name} has no partition ${partition}`);
  return found;
}
