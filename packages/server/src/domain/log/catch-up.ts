import type { LoggedEntry } from "../store.ts";
import type { Log } from "./log.ts";
import { trim } from "./recent-keys.ts";
import { putView } from "./room-cache.ts";
import { learn, type RoomView, viewOf } from "./view.ts";

const fillEntries = 32;
const catchUpEntries = 200;
const keepKeys = 512;

/** Reads a room that is not cached: first the tail, and only then (by `loadState`) what the tail labels. */
export async function fill(log: Log, roomId: string): Promise<RoomView | undefined> {
  const proven = { atMs: log.clock.nowMs(), atTurn: log.turn() };
  const newest = await log.store.readEntries({ roomId, newestFirst: true, limit: fillEntries });
  const view = viewOf(newest, proven);
  if (view !== undefined) log.views.set(roomId, view);
  return view;
}

/**
 * Reads what follows the cached tail, strongly consistent. The answer is the view to go on with: another one when
 * retention removed what followed the tail; undefined when the room is gone.
 */
export async function catchUp(log: Log, view: RoomView): Promise<RoomView | undefined> {
  const proven = { atMs: log.clock.nowMs(), atTurn: log.turn() };
  let page: LoggedEntry[];
  do {
    page = await log.store.readEntries({ roomId: view.roomId, after: view.tailSeq, limit: catchUpEntries });
    for (const logged of page) {
      if (logged.entry.seq !== view.tailSeq + 1) {
        log.views.delete(view.roomId);
        return fill(log, view.roomId);
      }
      learn(view, logged, false);
    }
  } while (page.length === catchUpEntries);
  view.provenAtMs = proven.atMs;
  view.readAtTurn = proven.atTurn;
  keep(log, view);
  return view;
}

/** Reads the state if it is missing, and members that were not asked for yet. It is never older than the tail. */
export async function loadState(log: Log, view: RoomView, userIds: readonly string[]): Promise<boolean> {
  if (!(await loadAsked(log, view, userIds))) return false;
  // Blocks stand with those who block, so in a direct room all of its users have a say.
  const direct = view.state?.room.directUserIds ?? [];
  return direct.length === 0 || loadAsked(log, view, direct);
}

async function loadAsked(log: Log, view: RoomView, userIds: readonly string[]): Promise<boolean> {
  const missing = view.state === undefined ? userIds : userIds.filter((userId) => !view.state?.members.has(userId));
  if (view.state !== undefined && missing.length === 0) return true;
  const [room, members] = await Promise.all([
    view.state === undefined ? log.store.readRoom(view.roomId) : undefined,
    missing.length > 0 ? log.store.readMembers(view.roomId, missing) : undefined,
  ]);
  if (view.state === undefined) {
    if (room === undefined) return false;
    view.state = { room, members: new Map() };
  }
  for (const userId of missing) view.state.members.set(userId, members?.get(userId));
  view.stateReadAtTurn = log.turn();
  return true;
}

/** The view grew: drop keys that are not needed soon, and let the cache know its size. */
export function keep(log: Log, view: RoomView): void {
  trim(view.keys, keepKeys, log.clock.nowMs() - 2 * log.limits.keyMaxSkewMs);
  putView(log.views, view);
}
