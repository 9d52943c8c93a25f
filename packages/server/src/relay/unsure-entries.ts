import type { Store } from "../domain/store.ts";

const PAGE_SIZE = 25;

export interface UnsureEntries {
  /** The first number that may not have been handed on. */
  readonly from: number;
  /** The newest one below `before`, or `from - 1` when there is none to hand on. */
  readonly to: number;
}

/**
 * The numbers of a room, below `before` or all, that were appended since a time (undefined: ever). Read from the newest
 * back, so that a room in which nothing happened since costs one read of its end.
 */
export async function findUnsureEntries(
  store: Pick<Store, "readEntries">,
  roomId: string,
  sinceMs: number | undefined,
  before?: number,
): Promise<UnsureEntries> {
  let newest: number | undefined;
  let below = before;
  // Most rooms need their newest entry alone.
  for (let limit = 1; ; limit = PAGE_SIZE) {
    const range = { roomId, newestFirst: true, limit, ...(below !== undefined && { before: below }) };
    const entries = await store.readEntries(range);
    newest ??= entries[0]?.entry.seq ?? 0;
    const older =
      sinceMs === undefined
        ? undefined
        : // The time of an item that cannot be read says nothing.
          entries.find(({ appendedAtMs, unreadable }) => unreadable === undefined && appendedAtMs < sinceMs);
    if (older !== undefined) return { from: older.entry.seq + 1, to: newest };
    if (sinceMs === undefined || entries.length < limit) return { from: 1, to: newest };
    below = entries.at(-1)?.entry.seq;
  }
}
