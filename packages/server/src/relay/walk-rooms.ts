import { inParallel } from "../domain/in-parallel.ts";
import type { RepairProgress } from "../domain/repair.ts";
import { roomBucketCount, type Store } from "../domain/store.ts";

const pageRooms = 100;
const atOnce = 16;

export interface WalkDeps {
  readonly store: Pick<Store, "listRoomIds">;
  /** What there is to do in a room; undefined: nothing. Many rooms are looked at at once. */
  look(roomId: string): Promise<(() => Promise<number>) | undefined>;
  /** Everything that was handed on so far is acknowledged. */
  settle(): Promise<void>;
}

/**
 * Walks all rooms, from where the progress stands, and says after each few how far it is: up to there everything is
 * acknowledged. A room that is made meanwhile behind the cursor is not seen: the stream tells of all its entries.
 */
export async function* walkRooms(
  { store, look, settle }: WalkDeps,
  from: RepairProgress,
): AsyncGenerator<{ readonly progress: RepairProgress; readonly rooms: number }, void> {
  let progress = from;
  while (progress.cursor.bucket < roomBucketCount) {
    const { bucket, afterRoomId } = progress.cursor;
    const roomIds = await store.listRoomIds(bucket, afterRoomId, pageRooms);
    for (let at = 0; at < roomIds.length; at += atOnce) {
      const some = roomIds.slice(at, at + atOnce);
      let events = 0;
      for (const act of await inParallel(some, atOnce, look)) events += (await act?.()) ?? 0;
      await settle();
      progress = {
        cursor: { bucket, afterRoomId: some.at(-1) },
        roomsDone: progress.roomsDone + some.length,
        eventsEmitted: progress.eventsEmitted + events,
      };
      yield { progress, rooms: some.length };
    }
    if (roomIds.length === pageRooms) continue;
    progress = { ...progress, cursor: { bucket: bucket + 1 } };
    yield { progress, rooms: 0 };
  }
}
