import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Store } from "../store.ts";

/**
 * The lowest number whose entry was made at `timeMs` or later; the number after the tail when there is none. Times
 * never go back within a room, so about log2(n) reads of one entry find it.
 */
export async function seqAtTime(store: Store, roomId: string, timeMs: number): Promise<number> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  let low = 1;
  let high = (tail?.entry.seq ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // Retention leaves holes: the next entry that is there stands for those that are not.
    const [next] = await store.readEntries({ roomId, after: middle - 1, limit: 1 });
    if (next === undefined || createdAtMs(next.entry) >= timeMs) high = middle;
    else low = next.entry.seq + 1;
  }
  return low;
}

function createdAtMs(entry: { readonly createdAt?: Parameters<typeof timestampMs>[0] | undefined }): number {
  return entry.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
}
