import { type Log, retentionMinAgeMs } from "./log.ts";
import { dropBelow, follow, lastSeqOf, type RecentEntries } from "./recent-entries.ts";
import { weighAgain } from "./room-cache.ts";

/** A room that went on by so many entries is read afresh. */
const followEntries = 100;

/** By so much the clocks of servers may differ before retention could remove what seems too young for it. */
const clockMarginMs = 60 * 60_000;

/**
 * The cached entries of a room, brought up to its tail by a strongly consistent read that began after this was called;
 * who asks while one is under way shares the next one. Undefined when nothing useful is cached.
 */
export function prove(log: Log, roomId: string): Promise<RecentEntries | undefined> {
  return log.shared.read(`newest entries of ${roomId}`, () => bringUp(log, roomId));
}

async function bringUp(log: Log, roomId: string): Promise<RecentEntries | undefined> {
  const recent = log.views.peek(roomId)?.recent;
  if (recent === undefined) return undefined;
  const [page, purgedBelow] = await Promise.all([
    log.store.readEntries({ roomId, after: lastSeqOf(recent), limit: followEntries }),
    mayBePurged(log, recent) ? readPurgedBelow(log, roomId) : 0,
  ]);
  dropBelow(recent, purgedBelow);
  for (const logged of page) follow(recent, logged);
  const lastSeq = page.at(-1)?.entry.seq ?? 0;
  const isBehind = page.length === followEntries || lastSeq > lastSeqOf(recent);
  weighAgain(log.views, roomId, recent);
  return isBehind ? undefined : recent;
}

/** Retention touches nothing younger than a day: then nobody need ask what it has removed. */
function mayBePurged(log: Log, { slots }: RecentEntries): boolean {
  const oldMs = log.clock.nowMs() - retentionMinAgeMs + clockMarginMs;
  return slots.some(({ appendedAtMs }) => appendedAtMs < oldMs);
}

async function readPurgedBelow(log: Log, roomId: string): Promise<number> {
  return (await log.store.readRoom(roomId))?.purgedBelow ?? 0;
}
