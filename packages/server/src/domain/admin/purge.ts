import type { Clock } from "../clock.ts";
import { retentionMinAgeMs } from "../log/log.ts";
import type { Store } from "../store.ts";

const pageEntries = 500;

/**
 * Removes what is below a number from the front of a room's log, and returns how many entries went. Entries that
 * changed the room's state stay, so that the state can be folded from the log; so does the tail, or numbering would
 * start again; so does everything appended within a day. `purged_below` is raised first: a reader that misses an entry
 * can then always be told why.
 */
export async function purge(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  roomId: string,
  below: number,
): Promise<number> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) return 0;
  const limit = Math.min(below, tail.entry.seq);
  const youngestMs = clock.nowMs() - retentionMinAgeMs;
  let after = 0;
  let removed = 0;
  for (;;) {
    const page = await store.readEntries({ roomId, after, before: limit, limit: pageEntries });
    const firstYoung = page.findIndex(({ appendedAtMs }) => appendedAtMs > youngestMs);
    const old = firstYoung === -1 ? page : page.slice(0, firstYoung);
    const last = old.at(-1);
    if (last === undefined) return removed;
    const seqs = old.filter(({ entry }) => entry.stateSeq !== entry.seq).map(({ entry }) => entry.seq);
    await store.raisePurgedBelow(roomId, last.entry.seq + 1);
    await store.deleteEntries(roomId, seqs);
    removed += seqs.length;
    if (firstYoung !== -1 || page.length < pageEntries) return removed;
    after = last.entry.seq;
  }
}
