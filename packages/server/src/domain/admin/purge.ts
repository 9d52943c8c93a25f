import type { Clock } from "../clock.ts";
import { retentionMinAgeMs } from "../log/log.ts";
import type { Store } from "../store.ts";

const pageEntries = 500;

interface PurgeDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** How far a purge is in its room. */
export interface PurgeStep {
  readonly after: number;
  readonly removed: number;
}

/** The whole of `purgeSteps`; returns how many entries went. */
export async function purge(deps: PurgeDeps, roomId: string, below: number): Promise<number> {
  let total = 0;
  for await (const { removed } of purgeSteps(deps, roomId, below)) total += removed;
  return total;
}

/**
 * Removes what is below a number from the front of a room's log, page by page from behind `after`. Entries that changed
 * the room's state stay, so that the state can be folded from the log; so does the tail, or numbering would
 * start again; so does everything appended within a day. `purged_below` is raised first: a reader that misses an entry
 * can then always be told why.
 */
export async function* purgeSteps(
  { store, clock }: PurgeDeps,
  roomId: string,
  below: number,
  after = 0,
): AsyncGenerator<PurgeStep, void> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) return;
  const limit = Math.min(below, tail.entry.seq);
  const youngestMs = clock.nowMs() - retentionMinAgeMs;
  for (;;) {
    const page = await store.readEntries({ roomId, after, before: limit, limit: pageEntries });
    const firstYoung = page.findIndex(({ appendedAtMs }) => appendedAtMs > youngestMs);
    const old = firstYoung === -1 ? page : page.slice(0, firstYoung);
    const last = old.at(-1);
    if (last === undefined) return;
    const seqs = old.filter(({ entry }) => entry.stateSeq !== entry.seq).map(({ entry }) => entry.seq);
    await store.raisePurgedBelow(roomId, last.entry.seq + 1);
    await store.deleteEntries(roomId, seqs);
    after = last.entry.seq;
    yield { after, removed: seqs.length };
    if (firstYoung !== -1 || page.length < pageEntries) return;
  }
}
