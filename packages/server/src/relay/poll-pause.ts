import { setTimeout as sleep } from "node:timers/promises";

const gatherMs = 10;
const manyRecords = 100;

/**
 * How long to wait before the next read of a shard: not at all while there is much to read; a moment while records
 * trickle in, so that a read and a send carry several of them; then ever longer up to a limit.
 */
export function nextPauseMs(recordCount: number, lastPauseMs: number, maxPauseMs: number): number {
  if (recordCount >= manyRecords) return 0;
  const wanted = recordCount > 0 ? gatherMs : Math.max(gatherMs, lastPauseMs * 2);
  return Math.min(maxPauseMs, wanted);
}

/** Ends early, without an error, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
