import type { LoggedEntry, Store } from "../store.ts";

export interface Window {
  readonly entries: LoggedEntry[];
  /** There is more behind the last one. */
  readonly capped: boolean;
}

/**
 * The first entries behind each of several positions in a room, no more than `maxEntries` for one, as if each had been
 * read alone. What lies behind several positions is read once.
 */
export async function readWindows(
  store: Pick<Store, "readEntries">,
  roomId: string,
  positions: readonly number[],
  maxEntries: number,
): Promise<Map<number, Window>> {
  const windows = new Map<number, Window>();
  const read: LoggedEntry[] = [];
  let isAtEnd = false;
  for (const position of [...new Set(positions)].sort((a, b) => a - b)) {
    const first = read.findIndex(({ entry }) => entry.seq > position);
    const known = first === -1 ? 0 : read.length - first;
    // One more than is counted tells whether the log goes on.
    const missing = maxEntries + 1 - known;
    if (missing > 0 && !isAtEnd) {
      const after = Math.max(position, read.at(-1)?.entry.seq ?? 0);
      const page = await store.readEntries({ roomId, after, limit: missing });
      read.push(...page);
      isAtEnd = page.length < missing;
    }
    const behind = first === -1 ? read.filter(({ entry }) => entry.seq > position) : read.slice(first);
    windows.set(position, { entries: behind.slice(0, maxEntries), capped: behind.length > maxEntries });
  }
  return windows;
}
