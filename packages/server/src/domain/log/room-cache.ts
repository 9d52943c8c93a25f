import { LRUCache } from "lru-cache";
import type { RecentEntries } from "./recent-entries.ts";
import type { RoomView } from "./view.ts";

/** Measured with V8's heap statistics on rooms of real conversations, rounded up. */
const viewBytes = 1_000;
const keyBytes = 300;
const memberBytes = 400;

/** Views of rooms, the least recently used dropped first. */
export function createRoomCache(maxBytes: number): LRUCache<string, RoomView> {
  return new LRUCache({ maxSize: maxBytes, sizeCalculation: sizeBytes });
}

/** Puts a view that is new, or that grew: the cache weighs only what it does not hold yet. */
export function putView(cache: LRUCache<string, RoomView>, view: RoomView): void {
  cache.delete(view.roomId);
  cache.set(view.roomId, view);
}

/** Entries that reads keep came or went: the view that holds them, if it is still cached, weighs otherwise now. */
export function weighAgain(cache: LRUCache<string, RoomView>, roomId: string, recent: RecentEntries): void {
  const view = cache.peek(roomId);
  if (view?.recent === recent) putView(cache, view);
}

export function sizeBytes(view: RoomView): number {
  const ofReads = view.recent?.sizeBytes ?? 0;
  return ofReads + viewBytes + view.keys.uses.size * keyBytes + (view.state?.members.size ?? 0) * memberBytes;
}
