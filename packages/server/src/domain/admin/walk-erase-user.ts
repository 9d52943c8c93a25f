import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { type EraseStep, eraseRoom } from "./erase-room.ts";
import { type JobRecord, type JobStep, noProgress } from "./job.ts";

const pageRooms = 100;
/** The index follows the table with a delay: a second walk, later, finds rooms that the first was too early for. */
const walks = 2;

interface Cursor {
  readonly walk: number;
  readonly afterRoomId?: string | undefined;
  /** The room that is being worked on, and how far. */
  readonly roomId?: string | undefined;
  readonly at?: Omit<EraseStep, "changed">;
}

/**
 * Erases a user in every room that the index knows, those that the user left included, and says after each step how far
 * it is. It goes on where the job's cursor stands, also inside a room.
 */
export async function* walkEraseUser(domain: Domain, call: Call, job: JobRecord): AsyncGenerator<JobStep, void> {
  const { store, log, limits } = domain;
  const againAtMs = job.createdAtMs + limits.eraseIndexDelayMs;
  let progress = { ...noProgress, ...job.progress };
  if (progress.roomsTotal === 0) progress = { ...progress, roomsTotal: await countRooms(domain, job.userId) };
  let cursor = parseCursor(progress.cursor);
  while (cursor.walk < walks) {
    if (cursor.walk > 0 && log.clock.nowMs() < againAtMs) {
      yield { progress, endsRoom: false, resumeAtMs: againAtMs };
      continue;
    }
    const roomIds = await store.listRoomIdsOf(job.userId, cursor.afterRoomId, pageRooms);
    for (const roomId of roomIds) {
      const startAt = cursor.roomId === roomId ? cursor.at : undefined;
      for await (const { changed, ...at } of eraseRoom(domain, call, { roomId, userId: job.userId }, startAt)) {
        cursor = { ...cursor, roomId, at };
        const entriesChanged = progress.entriesChanged + changed;
        progress = { ...progress, cursor: JSON.stringify(cursor), entriesChanged };
        yield { progress, endsRoom: false };
      }
      cursor = { walk: cursor.walk, afterRoomId: roomId };
      // The second walk only looks again.
      const roomsDone = progress.roomsDone + (cursor.walk === 0 ? 1 : 0);
      const roomsTotal = Math.max(progress.roomsTotal, roomsDone);
      progress = { ...progress, cursor: JSON.stringify(cursor), roomsDone, roomsTotal };
      yield { progress, endsRoom: true };
    }
    if (roomIds.length === pageRooms) continue;
    cursor = { walk: cursor.walk + 1 };
    progress = { ...progress, cursor: JSON.stringify(cursor) };
    yield { progress, endsRoom: false };
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
