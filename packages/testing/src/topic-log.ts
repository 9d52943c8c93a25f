import { partitionOf } from "@maru/kafka";
import type { MemoryRecord } from "./memory-record.ts";
import type { MemoryTopic, ReadOptions } from "./memory-topic.ts";
import { RecordsDroppedError } from "./records-dropped-error.ts";
import { subscribeTo } from "./subscribe-to.ts";

export interface TopicLogOptions {
  readonly name: string;
  readonly partitionCount: number;
  /** The oldest records are dropped beyond that. */
  readonly maxBytes: number;
  readonly nowMs: () => number;
}

export interface SentRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicLog {
  readonly topic: MemoryTopic;
  append(record: SentRecord): void;
  /** Readers end when they have read the rest. */
  close(): void;
}

/** Counted for each record beside its bytes. */
const recordOverheadBytes = 200;

export function createTopicLog({ name, partitionCount, maxBytes, nowMs }: TopicLogOptions): TopicLog {
  const nextOffsets = new Array<bigint>(partitionCount).fill(0n);
  const waiting = new Set<() => void>();
  let held: MemoryRecord[] = [];
  /** Records before this index of `held` are dropped; the array is cut when they are many. */
  let head = 0;
  /** How many records were cut off `held`: index + cut is a record's place since the beginning. */
  let cut = 0;
  let heldBytes = 0;
  let closed = false;

  function append({ key, value, headers }: SentRecord): void {
    const partition = partitionOf(key, partitionCount);
    const offset = nextOffsets[partition] ?? 0n;
    nextOffsets[partition] = offset + 1n;
    const record = { topic: name, partition, offset, key: Buffer.from(key), value, headers, timestampMs: nowMs() };
    held.push(Object.freeze(record));
    heldBytes += sizeBytes(record);
    for (let oldest = held[head]; heldBytes > maxBytes && oldest !== undefined; oldest = held[head]) {
      heldBytes -= sizeBytes(oldest);
      head++;
    }
    if (head > 1000 && head * 2 > held.length) {
      held = held.slice(head);
      cut += head;
      head = 0;
    }
    wake();
  }

  function wake(): void {
    for (const go of waiting) go();
    waiting.clear();
  }

  function change(signal: AbortSignal | undefined): Promise<void> {
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

  async function* readFrom(place: number, signal: AbortSignal | undefined): AsyncGenerator<MemoryRecord, undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (place < cut + head) throw new RecordsDroppedError(name, cut + head - place);
      const record = held[place - cut];
      if (record !== undefined) {
        place++;
        yield record;
      } else if (closed) {
        return;
      } else {
        await change(signal);
      }
    }
  }

  const read = ({ fromBeginning = true, signal }: ReadOptions = {}) =>
    readFrom(cut + (fromBeginning ? head : held.length), signal);
  return {
    topic: {
      name,
      partitionCount,
      records: () => held.slice(head),
      read,
      subscribe: (listener, { fromBeginning = true } = {}) =>
        subscribeTo((signal) => read({ fromBeginning, signal }), listener),
      [Symbol.asyncIterator]: () => read(),
    },
    append,
    close() {
      closed = true;
      wake();
    },
  };
}

function sizeBytes({ key, value, headers }: MemoryRecord): number {
  let bytes = recordOverheadBytes + key.byteLength + value.byteLength;
  for (const [name, text] of Object.entries(headers)) bytes += name.length + text.length;
  return bytes;
}
