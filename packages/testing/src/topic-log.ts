import type { MemoryTopic, ReadOptions } from "./memory-topic.ts";
import { createPartitionLog, type PartitionLog, recordBytes, type TopicRecord } from "./partition-log.ts";
import { RecordsDroppedError } from "./records-dropped-error.ts";
import { subscribeTo } from "./subscribe-to.ts";

export interface TopicLogOptions {
  readonly name: string;
  readonly partitionCount: number;
  /** The oldest records are dropped beyond that. */
  readonly maxBytes: number;
  /** Whether only the last record of each key is worth keeping. */
  readonly compacted?: boolean;
  readonly nowMs: () => number;
}

export interface SentRecord {
  readonly partition: number;
  readonly key: string | Uint8Array;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs?: number | undefined;
}

/** One topic: its partitions as Kafka has them, and the order in which the records of all of them came. */
export interface TopicLog {
  readonly topic: MemoryTopic<Uint8Array | null>;
  readonly partitions: readonly PartitionLog[];
  append(record: SentRecord): TopicRecord;
  /** Calls the listener after each append, until the signal aborts. */
  onAppend(listener: (record: TopicRecord) => void, signal: AbortSignal): void;
  /** Resolves after the next append, when the topic is closed, or when the signal aborts. */
  changed(signal: AbortSignal | undefined): Promise<void>;
  /** As retention does it: records below the offset are gone. */
  dropBefore(partition: number, offset: bigint): void;
  /** Removes what a later record of the same key has replaced. */
  compact(): void;
  /** Readers end when they have read the rest. */
  close(): void;
}

interface Arrival {
  readonly place: number;
  readonly record: TopicRecord;
}

const compactEvery = 1000;

export function createTopicLog(options: TopicLogOptions): TopicLog {
  const { name, partitionCount, maxBytes, compacted = false, nowMs } = options;
  const partitions = Array.from({ length: partitionCount }, createPartitionLog);
  const listeners = new Set<(record: TopicRecord) => void>();
  let arrivals: Arrival[] = [];
  /** Arrivals before this index are gone; the array is cut when they are many. */
  let head = 0;
  let nextPlace = 0;
  /** The places of what was dropped: all before the first, and these, in the order in which it was. */
  let firstPlace = 0;
  const droppedEarly: number[] = [];
  let heldBytes = 0;
  let closed = false;
  const waiting = new Set<() => void>();

  function logOf(partition: number): PartitionLog {
    const found = partitions[partition];
    if (found === undefined) throw new RangeError(`topic ${name} has no partition ${partition}`);
    return found;
  }

  function append({ partition, key, value, headers, timestampMs = nowMs() }: SentRecord): TopicRecord {
    const sent = { topic: name, partition, key: Buffer.from(key), value, headers, timestampMs };
    const record = logOf(partition).append(sent);
    arrivals.push({ place: nextPlace++, record });
    heldBytes += recordBytes(record);
    while (heldBytes > maxBytes && head < arrivals.length) dropOldest();
    if (compacted && nextPlace % compactEvery === 0) compact();
    wake();
    for (const listener of [...listeners]) listener(record);
    return record;
  }

  function dropOldest(): void {
    const oldest = arrivals[head++];
    if (oldest === undefined) return;
    firstPlace = oldest.place + 1;
    const dropped = logOf(oldest.record.partition).dropBefore(oldest.record.offset + 1n);
    for (const record of dropped) heldBytes -= recordBytes(record);
    if (head <= 1000 || head * 2 <= arrivals.length) return;
    arrivals = arrivals.slice(head);
    head = 0;
  }

  function dropBefore(partition: number, offset: bigint): void {
    const dropped = new Set(logOf(partition).dropBefore(offset));
    for (const { place, record } of remove(dropped)) {
      if (dropped.has(record)) droppedEarly.push(place);
    }
  }

  function compact(): void {
    remove(new Set(partitions.flatMap((log) => log.compact())));
  }

  function remove(gone: ReadonlySet<TopicRecord>): Arrival[] {
    const live = arrivals.slice(head);
    arrivals = live.filter(({ record }) => !gone.has(record));
    head = 0;
    for (const record of gone) heldBytes -= recordBytes(record);
    return live;
  }

  function missedSince(place: number, earlyBefore: number): number {
    const early = droppedEarly.slice(earlyBefore).filter((dropped) => dropped >= Math.max(place, firstPlace));
    return Math.max(0, firstPlace - place) + early.length;
  }

  function wake(): void {
    for (const go of waiting) go();
    waiting.clear();
  }

  function changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        waiting.delete(go);
        signal?.removeEventListener("abort", go);
        resolve();
      };
      waiting.add(go);
      signal?.addEventListener("abort", go, { once: true });
    });
  }

  async function* readFrom(
    start: number,
    earlyBefore: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<TopicRecord, undefined> {
    for (let place = start; ; ) {
      signal?.throwIfAborted();
      const missed = missedSince(place, earlyBefore);
      if (missed > 0) throw new RecordsDroppedError(name, missed);
      const next = arrivals[indexOfPlace(place)];
      if (next !== undefined) {
        place = next.place + 1;
        yield next.record;
      } else if (closed) {
        return;
      } else {
        await changed(signal);
      }
    }
  }

  function indexOfPlace(place: number): number {
    let [from, to] = [head, arrivals.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((arrivals[middle]?.place ?? place) < place) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  const read = ({ fromBeginning = true, signal }: ReadOptions = {}) =>
    readFrom(fromBeginning ? (arrivals[head]?.place ?? nextPlace) : nextPlace, droppedEarly.length, signal);
  return {
    topic: {
      name,
      partitionCount,
      records: () => arrivals.slice(head).map(({ record }) => record),
      read,
      subscribe: (listener, { fromBeginning = true } = {}) =>
        subscribeTo((signal) => read({ fromBeginning, signal }), listener),
      [Symbol.asyncIterator]: () => read(),
    },
    partitions,
    append,
    onAppend(listener, signal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener), { once: true });
    },
    changed,
    dropBefore,
    compact,
    close() {
      closed = true;
      wake();
    },
  };
}
