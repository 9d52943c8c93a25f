import type { ServiceCall } from "./service-call.ts";

/** What a caller whose calls are counted is told with each answer: `x-ratelimit-limit` and its kin. */
export function tellRateShare({ rateShare }: ServiceCall, headers: { set(name: string, value: string): void }): void {
  if (rateShare === undefined) return;
  headers.set("x-ratelimit-limit", String(rateShare.limit));
  headers.set("x-ratelimit-remaining", String(rateShare.remaining));
  headers.set("x-ratelimit-reset", String(rateShare.resetSeconds));
}
