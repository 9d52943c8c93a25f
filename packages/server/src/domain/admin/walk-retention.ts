import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { seqAtTime } from "../log/seq-at-time.ts";
import { kindOf } from "../rooms/room-kind.ts";
import { roomBucketCount } from "../store.ts";
import { type JobProgress, type JobRecord, noProgress } from "./job.ts";
import { purge } from "./purge.ts";

const pageRooms = 100;

interface Cursor {
  readonly bucket: number;
  readonly afterRoomId?: string | undefined;
}

/** Removes, room by room, messages that are older than the room's kind keeps them. Goes on where the cursor stands. */
export async function* walkRetention(domain: Domain, call: Call, job: JobRecord): AsyncGenerator<JobProgress, void> {
  const { store } = domain;
  let progress = { ...noProgress, ...job.progress };
  let cursor: Cursor = progress.cursor === "" ? { bucket: 0 } : JSON.parse(progress.cursor);
  while (cursor.bucket < roomBucketCount) {
    const roomIds = await store.listRoomIds(cursor.bucket, cursor.afterRoomId, pageRooms);
    for (const roomId of roomIds) {
      call.signal.throwIfAborted();
      const removed = await retain(domain, roomId);
      cursor = { ...cursor, afterRoomId: roomId };
      progress = {
        ...progress,
        cursor: JSON.stringify(cursor),
        roomsDone: progress.roomsDone + 1,
        entriesChanged: progress.entriesChanged + removed,
      };
      yield progress;
    }
    if (roomIds.length === pageRooms) continue;
    cursor = { bucket: cursor.bucket + 1 };
    progress = { ...progress, cursor: JSON.stringify(cursor) };
  }
  yield { ...progress, roomsTotal: progress.roomsDone };
}

async function retain({ store, log, kinds }: Domain, roomId: string): Promise<number> {
  const room = await store.readRoom(roomId);
  const retentionMs = room && kindOf(kinds, room).retentionMs;
  if (retentionMs === undefined) return 0;
  const below = await seqAtTime(store, roomId, log.clock.nowMs() - retentionMs);
  return purge({ store, clock: log.clock }, roomId, below);
}
