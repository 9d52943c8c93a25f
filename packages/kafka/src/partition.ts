const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * The partition of a key, equal to that of the Java client's default partitioner (murmur2), so that every producer of a
 * topic puts a key in the same place.
 *
 * @example partitionOf("room-1", 12)
 */
export function partitionOf(key: string | Uint8Array, partitionCount: number): number {
  if (!Number.isInteger(partitionCount) || partitionCount < 1) {
    throw new RangeError(`partitionCount must be a positive integer, not ${partitionCount}`);
  }
  return (murmur2(typeof key === "string" ? Buffer.from(key) : key) & 0x7fffffff) % partitionCount;
}

/** Murmur2 as in `org.apache.kafka.common.utils.Utils.murmur2`: a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const tail = data.byteLength & ~3;
  let h = SEED ^ data.byteLength;
  for (let at = 0; at < tail; at += 4) {
    const k = Math.imul(view.getInt32(at, true), M);
    h = Math.imul(h, M) ^ Math.imul(k ^ (k >>> 24), M);
  }
  const rest = data.byteLength - tail;
  if (rest > 2) h ^= view.getUint8(tail + 2) << 16;
  if (rest > 1) h ^= view.getUint8(tail + 1) << 8;
  if (rest > 0) h = Math.imul(h ^ view.getUint8(tail), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
