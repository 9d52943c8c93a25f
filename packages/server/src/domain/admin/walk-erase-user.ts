import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { eraseRoom } from "./erase-room.ts";
import { type JobProgress, type JobRecord, noProgress } from "./job.ts";

const pageRooms = 100;
/** The index follows the table with a delay: a second walk finds rooms that the first was too early for. */
const walks = 2;

interface Cursor {
  readonly walk: number;
  readonly afterRoomId?: string | undefined;
}

/**
 * Erases a user in every room that the index knows, those that the user left included, and says after each room how far
 * it is. It goes on where the job's cursor stands.
 */
export async function* walkEraseUser(domain: Domain, call: Call, job: JobRecord): AsyncGenerator<JobProgress, void> {
  const { store } = domain;
  let progress = { ...noProgress, ...job.progress };
  if (progress.roomsTotal === 0) progress = { ...progress, roomsTotal: await countRooms(domain, job.userId) };
  let cursor = parseCursor(progress.cursor);
  while (cursor.walk < walks) {
    const roomIds = await store.listRoomIdsOf(job.userId, cursor.afterRoomId, pageRooms);
    for (const roomId of roomIds) {
      const changed = await eraseRoom(domain, call, roomId, job.userId);
      cursor = { ...cursor, afterRoomId: roomId };
      progress = {
        cursor: JSON.stringify(cursor),
        // The second walk only looks again.
        roomsDone: progress.roomsDone + (cursor.walk === 0 ? 1 : 0),
        roomsTotal: Math.max(progress.roomsTotal, progress.roomsDone + (cursor.walk === 0 ? 1 : 0)),
        entriesChanged: progress.entriesChanged + changed,
      };
      yield progress;
    }
    if (roomIds.length === pageRooms) continue;
    cursor = { walk: cursor.walk + 1 };
    progress = { ...progress, cursor: JSON.stringify(cursor) };
    yield progress;
  }
}

function parseCursor(text: string): Cursor {
  return text === "" ? { walk: 0 } : (JSON.parse(text) as Cursor);
}

async function countRooms({ store }: Domain, userId: string): Promise<number> {
  let [count, after] = [0, undefined as string | undefined];
  for (;;) {
    const roomIds = await store.listRoomIdsOf(userId, after, 1_000);
    count += roomIds.length;
    if (roomIds.length < 1_000) return count;
    after = roomIds.at(-1);
  }
}
