import type { EntryRange, LoggedEntry } from "../store.ts";
import type { Log } from "./log.ts";
import { prove } from "./prove.ts";
import {
  lastSeqOf,
  type Numbers,
  numbersIn,
  type RecentEntries,
  recentEntriesOf,
  refill,
  slotsOf,
} from "./recent-entries.ts";
import { putView, weighAgain } from "./room-cache.ts";
import { denseRun, viewOf } from "./view.ts";

/**
 * What the store's `readEntries` would answer: from the cache where it holds all of it, after a read that proves it
 * current, and else from the table. A read that sees the tail fills the cache.
 */
export async function readRecent(log: Log, range: EntryRange): Promise<LoggedEntry[]> {
  const cached = log.views.get(range.roomId)?.recent;
  if (cached !== undefined && numbersIn(cached, range) !== undefined) {
    const proven = await prove(log, range.roomId);
    const numbers = proven && numbersIn(proven, range);
    const answer = proven && numbers && (await answerFrom(log, range.roomId, proven, numbers));
    if (answer !== undefined) return range.newestFirst ? answer.reverse() : answer;
  }
  return readAndKeep(log, range);
}

/** Oldest first. Undefined when entries that are to be read again are there no more. */
async function answerFrom(
  log: Log,
  roomId: string,
  recent: RecentEntries,
  numbers: Numbers,
): Promise<LoggedEntry[] | undefined> {
  const slots = slotsOf(recent, numbers);
  const firstHole = slots.indexOf(undefined);
  if (firstHole === -1) return slots as LoggedEntry[];
  const limit = slots.lastIndexOf(undefined) - firstHole + 1;
  const { changes } = recent;
  const again = await log.store.readEntries({ roomId, after: numbers.first + firstHole - 1, limit });
  if (again.length !== limit || again.at(-1)?.entry.seq !== numbers.first + firstHole + limit - 1) return undefined;
  refill(recent, again, changes);
  weighAgain(log.views, roomId, recent);
  slots.splice(firstHole, limit, ...again);
  return slots as LoggedEntry[];
}

async function readAndKeep(log: Log, range: EntryRange): Promise<LoggedEntry[]> {
  const proven = { atMs: log.clock.nowMs(), atTurn: log.turn() };
  const read = await log.store.readEntries(range);
  const seesTail = range.before === undefined && (range.newestFirst || read.length < range.limit);
  if (seesTail) keepNewest(log, range.newestFirst ? read : read.toReversed(), proven);
  return read;
}

function keepNewest(
  log: Log,
  newestFirst: readonly LoggedEntry[],
  proven: { readonly atMs: number; readonly atTurn: number },
): void {
  const tail = newestFirst[0]?.entry;
  if (tail === undefined) return;
  const view = log.views.peek(tail.roomId) ?? viewOf(newestFirst, proven);
  const recent = recentEntriesOf(denseRun(newestFirst).reverse());
  if (view === undefined || (view.recent !== undefined && !isBetter(recent, view.recent))) return;
  view.recent = recent;
  putView(log.views, view);
}

/** Goes as far, and further back. */
function isBetter(one: RecentEntries, other: RecentEntries): boolean {
  const ahead = lastSeqOf(one) - lastSeqOf(other);
  return ahead > 0 || (ahead === 0 && one.fromSeq < other.fromSeq);
}
