import { LRUCache } from "lru-cache";
import type { Store } from "../store.ts";

/** The kinds of rooms by their ids; rooms that do not exist are left out. At most 100 rooms. */
export type FindRoomKinds = (roomIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** Reads each room once: the kind of a room never changes, and a room is never deleted. */
export function createFindRoomKinds(store: Pick<Store, "readRooms">, maxRooms = 50_000): FindRoomKinds {
  const known = new LRUCache<string, string>({ max: maxRooms });
  return async (roomIds) => {
    const kinds = new Map<string, string>();
    const unknown: string[] = [];
    for (const roomId of new Set(roomIds)) {
      const kind = known.get(roomId);
      if (kind === undefined) unknown.push(roomId);
      else kinds.set(roomId, kind);
    }
    if (unknown.length > 0) {
      for (const [roomId, { kind }] of await store.readRooms(unknown)) {
        known.set(roomId, kind);
        kinds.set(roomId, kind);
      }
    }
    return kinds;
  };
}
