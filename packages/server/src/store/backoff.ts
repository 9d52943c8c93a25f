import { setTimeout as sleep } from "node:timers/promises";

/** Waits a random time below a bound that doubles with each attempt, from 20 ms, and stays at a second. */
export async function backOff(attempt: number, signal?: AbortSignal): Promise<void> {
  const boundMs = Math.min(1_000, 20 * 2 ** attempt);
  await sleep(Math.random() * boundMs, undefined, signal === undefined ? {} : { signal });
}
