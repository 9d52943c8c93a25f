import { setTimeout as sleep } from "node:timers/promises";

/** Write units that may be spent, all together, in a second. */
export interface WriteBudget {
  /** Waits until so many units may be spent. */
  take(units: number, signal?: AbortSignal): Promise<void>;
  readonly spent: number;
}

/** `unitsPerSecond` undefined: as many as the table takes. What was not spent does not add up for more than a second. */
export function createWriteBudget(unitsPerSecond: number | undefined, nowMs: () => number = Date.now): WriteBudget {
  let spent = 0;
  let paidUntilMs = 0;
  return {
    get spent() {
      return spent;
    },
    async take(units, signal) {
      spent += units;
      if (unitsPerSecond === undefined) return;
      const now = nowMs();
      paidUntilMs = Math.max(paidUntilMs, now - 1_000) + (units / unitsPerSecond) * 1_000;
      const waitMs = paidUntilMs - now;
      if (waitMs > 0) await sleep(waitMs, undefined, signal && { signal });
    },
  };
}
