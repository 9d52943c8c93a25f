import type { EntryRange, LoggedEntry } from "../store.ts";
import { changedBy, isOfMessage } from "./changed-entries.ts";
import { bytesOf } from "./entry-bytes.ts";

/**
 * A room's newest entries as reads found them, without holes up to the last. They are what the log says up to there;
 * whether it goes on, only a read can tell.
 */
export interface RecentEntries {
  /** Entry n stands at n - fromSeq. */
  readonly slots: Slot[];
  fromSeq: number;
  /** Rises with each entry that changed earlier ones. */
  changes: number;
  sizeBytes: number;
}

interface Slot {
  readonly appendedAtMs: number;
  /** Undefined: a later entry has changed it, and it must be read again. */
  logged: LoggedEntry | undefined;
}

/** The numbers that the answer to a range has; none when the last is below the first. */
export interface Numbers {
  readonly first: number;
  readonly last: number;
}

const maxEntries = 256;
const maxBytes = 1024 * 1024;
const slotBytes = 80;

/**
 * Of entries that follow each other, oldest first. A query is not of one moment: it may show an entry and not yet what
 * that entry changed. So what one of them changed is to be read again, also here.
 */
export function recentEntriesOf(oldestFirst: readonly LoggedEntry[]): RecentEntries {
  const fromSeq = oldestFirst[0]?.entry.seq ?? 1;
  const recent: RecentEntries = { slots: [], fromSeq, changes: 0, sizeBytes: 0 };
  for (const logged of oldestFirst) follow(recent, logged);
  return recent;
}

export function lastSeqOf({ slots, fromSeq }: RecentEntries): number {
  return fromSeq + slots.length - 1;
}

/** The next entry is known; any other is passed over. */
export function follow(recent: RecentEntries, logged: LoggedEntry): void {
  if (logged.entry.seq !== lastSeqOf(recent) + 1) return;
  const changed = changedBy(logged.entry);
  if (changed === "all") dropBelow(recent, logged.entry.seq);
  else if (changed !== undefined) forget(recent, changed.messageSeq);
  if (changed !== undefined) recent.changes++;
  recent.slots.push({ appendedAtMs: logged.appendedAtMs, logged });
  recent.sizeBytes += slotBytes + bytesOf(logged);
  while (recent.slots.length > maxEntries || recent.sizeBytes > maxBytes) dropBelow(recent, recent.fromSeq + 1);
}

/** Entries were read again, by a read that began when `changes` was this. */
export function refill(recent: RecentEntries, again: readonly LoggedEntry[], changes: number): void {
  if (recent.changes !== changes) return;
  for (const logged of again) {
    const slot = recent.slots[logged.entry.seq - recent.fromSeq];
    if (slot === undefined || slot.logged !== undefined) continue;
    slot.logged = logged;
    recent.sizeBytes += bytesOf(logged);
  }
}

export function dropBelow(recent: RecentEntries, seq: number): void {
  const dropped = recent.slots.splice(0, Math.max(0, seq - recent.fromSeq));
  for (const { logged } of dropped) recent.sizeBytes -= slotBytes + (logged === undefined ? 0 : bytesOf(logged));
  recent.fromSeq += dropped.length;
}

function forget(recent: RecentEntries, messageSeq: number): void {
  for (const slot of recent.slots) {
    if (slot.logged === undefined || !isOfMessage(slot.logged.entry, messageSeq)) continue;
    recent.sizeBytes -= bytesOf(slot.logged);
    slot.logged = undefined;
  }
}

/** If the last entry is the log's tail: which entries the table would answer with. Undefined when not all are here. */
export function numbersIn(recent: RecentEntries, range: EntryRange): Numbers | undefined {
  const lowest = Math.max(1, (range.after ?? 0) + 1);
  const highest = Math.min((range.before ?? Number.POSITIVE_INFINITY) - 1, lastSeqOf(recent));
  const numbers = range.newestFirst
    ? { first: Math.max(lowest, highest - range.limit + 1), last: highest }
    : { first: lowest, last: Math.min(highest, lowest + range.limit - 1) };
  return numbers.first >= recent.fromSeq || numbers.last < numbers.first ? numbers : undefined;
}

export function slotsOf({ slots, fromSeq }: RecentEntries, { first, last }: Numbers): (LoggedEntry | undefined)[] {
  return last < first ? [] : slots.slice(first - fromSeq, last - fromSeq + 1).map(({ logged }) => logged);
}
