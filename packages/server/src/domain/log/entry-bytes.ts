import type { LoggedEntry } from "../store.ts";

/** Measured with V8's heap statistics on entries as the table's store makes them, rounded up. */
const entryBytes = 200;
const objectBytes = 120;
const stringBytes = 24;

/** What a cached entry takes in memory. */
export function bytesOf({ entry, record }: Pick<LoggedEntry, "entry"> & Partial<LoggedEntry>): number {
  const traceBytes = entry.traceparent === "" ? 0 : bytesIn(entry.traceparent);
  return entryBytes + traceBytes + bytesIn(entry.body) + (record === undefined ? 0 : bytesIn(record));
}

function bytesIn(value: unknown): number {
  if (typeof value === "string") return stringBytes + 2 * value.length;
  if (typeof value !== "object" || value === null) return 0;
  if (ArrayBuffer.isView(value)) return objectBytes + value.byteLength;
  let total = objectBytes;
  if (value instanceof Map) {
    for (const [key, inner] of value) total += bytesIn(key) + bytesIn(inner);
    return total;
  }
  for (const inner of Object.values(value)) total += bytesIn(inner);
  return total;
}
