import type { MemoryRecord } from "./memory-record.ts";

export type TopicRecord = MemoryRecord<Uint8Array | null>;

/** What one partition holds, as a broker sees it. Offsets rise, and have holes where records were compacted away. */
export interface PartitionLog {
  readonly lowOffset: bigint;
  readonly highOffset: bigint;
  append(record: Omit<TopicRecord, "offset">): TopicRecord;
  /** The records from `offset` on, up to so many bytes; at least one if there is any. */
  fetch(offset: bigint, maxBytes: number): TopicRecord[];
  /** Of the first record of that time or later; the next one's where there is none. */
  offsetAtTime(timeMs: number): bigint;
  /** Records below the offset are gone. Answers them. */
  dropBefore(offset: bigint): TopicRecord[];
  /** Removes what a later record of the same key has replaced. Answers it. */
  compact(): TopicRecord[];
}

const recordOverheadBytes = 200;

export function createPartitionLog(): PartitionLog {
  let records: TopicRecord[] = [];
  /** Records before this index are gone; the array is cut when they are many. */
  let head = 0;
  let lowOffset = 0n;
  let highOffset = 0n;

  function indexOf(offset: bigint): number {
    let [from, to] = [head, records.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((records[middle]?.offset ?? offset) < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  return {
    get lowOffset() {
      return lowOffset;
    },
    get highOffset() {
      return highOffset;
    },
    append(record) {
      const appended = Object.freeze({ ...record, offset: highOffset++ });
      records.push(appended);
      return appended;
    },
    fetch(offset, maxBytes) {
      const fetched: TopicRecord[] = [];
      let bytes = 0;
      for (let index = indexOf(offset); index < records.length; index++) {
        const record = records[index] as TopicRecord;
        bytes += recordBytes(record);
        if (fetched.length > 0 && bytes > maxBytes) break;
        fetched.push(record);
      }
      return fetched;
    },
    offsetAtTime: (timeMs) => records.slice(head).find((record) => record.timestampMs >= timeMs)?.offset ?? highOffset,
    dropBefore(offset) {
      if (offset <= lowOffset) return [];
      lowOffset = offset > highOffset ? highOffset : offset;
      const end = indexOf(lowOffset);
      const dropped = records.slice(head, end);
      head = end;
      if (head > 1000 && head * 2 > records.length) {
        records = records.slice(head);
        head = 0;
      }
      return dropped;
    },
    compact() {
      const live = records.slice(head);
      const last = new Map(live.map((record) => [Buffer.from(record.key).toString("latin1"), record]));
      const isKept = (record: TopicRecord) => last.get(Buffer.from(record.key).toString("latin1")) === record;
      records = live.filter(isKept);
      head = 0;
      return live.filter((record) => !isKept(record));
    },
  };
}

/** What a record counts in memory. */
export function recordBytes({ key, value, headers }: TopicRecord): number {
  let bytes = recordOverheadBytes + key.byteLength + (value?.byteLength ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += name.length + text.length;
  return bytes;
}
