import { LRUCache } from "lru-cache";
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

export function sizeBytes(view: RoomView): number {
  return viewBytes + view.keys.uses.size * keyBytes + (view.state?.members.size ?? 0) * memberBytes;
}
