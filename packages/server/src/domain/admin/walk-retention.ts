import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { seqAtTime } from "../log/seq-at-time.ts";
import { kindOf } from "../rooms/room-kind.ts";
import { roomBucketCount } from "../store.ts";
import { type JobRecord, type JobStep, noProgress } from "./job.ts";
import { type PurgeStep, purgeSteps } from "./purge.ts";

const pageRooms = 100;

interface Cursor {
  readonly bucket: number;
  readonly afterRoomId?: string | undefined;
  /** The room that is being worked on, and how far. */
  readonly roomId?: string | undefined;
  readonly after?: number;
}

/** Removes, room by room, messages that are older than the room's kind keeps them. Goes on where the cursor stands. */
export async function* walkRetention(domain: Domain, call: Call, job: JobRecord): AsyncGenerator<JobStep, void> {
  const { store } = domain;
  let progress = { ...noProgress, ...job.progress };
  let cursor: Cursor = progress.cursor === "" ? { bucket: 0 } : JSON.parse(progress.cursor);
  while (cursor.bucket < roomBucketCount) {
    const roomIds = await store.listRoomIds(cursor.bucket, cursor.afterRoomId, pageRooms);
    for (const roomId of roomIds) {
      const startAfter = cursor.roomId === roomId ? cursor.after : undefined;
      for await (const { after, removed } of retain(domain, call, roomId, startAfter)) {
        cursor = { ...cursor, roomId, after };
        const entriesChanged = progress.entriesChanged + removed;
        progress = { ...progress, cursor: JSON.stringify(cursor), entriesChanged };
        yield { progress, endsRoom: false };
      }
      cursor = { bucket: cursor.bucket, afterRoomId: roomId };
      progress = { ...progress, cursor: JSON.stringify(cursor), roomsDone: progress.roomsDone + 1 };
      yield { progress, endsRoom: true };
    }
    if (roomIds.length === pageRooms) continue;
    cursor = { bucket: cursor.bucket + 1 };
    progress = { ...progress, cursor: JSON.stringify(cursor) };
  }
  yield { progress: { ...progress, roomsTotal: progress.roomsDone }, endsRoom: false };
}

async function* retain(
  { store, log, kinds }: Domain,
  { signal }: Call,
  roomId: string,
  after: number | undefined,
): AsyncGenerator<PurgeStep, void> {
  signal.throwIfAborted();
  const room = await store.readRoom(roomId);
  const retentionMs = room && kindOf(kinds, room).retentionMs;
  if (retentionMs === undefined) return;
  const below = await seqAtTime(store, roomId, log.clock.nowMs() - retentionMs);
  yield* purgeSteps({ store, clock: log.clock }, roomId, below, after);
}
