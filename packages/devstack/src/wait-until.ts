import { setTimeout as sleep } from "node:timers/promises";

/** Calls `check` until it gives a truthy value and returns that; rejects with `describe()` when `timeoutMs` is over. */
export async function waitUntil<T>(
  check: () => T | Promise<T>,
  options: { timeoutMs: number; everyMs?: number; describe: () => string },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(options.describe());
    await sleep(options.everyMs ?? 25);
  }
}
