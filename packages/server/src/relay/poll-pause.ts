import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait before the next read of a shard: not at all while records come, then ever longer up to a limit. */
export function nextPauseMs(recordCount: number, lastPauseMs: number, maxPauseMs: number): number {
  if (recordCount > 0) return 0;
  return Math.min(maxPauseMs, Math.max(5, lastPauseMs * 2));
}

/** Ends early, without an error, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
