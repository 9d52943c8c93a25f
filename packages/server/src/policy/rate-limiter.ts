import { LRUCache } from "lru-cache";

/** So many calls a second in the long run, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a caller is told of its share with each answer. */
export interface RateShare {
  /** Calls that are possible at once. */
  readonly limit: number;
  readonly remaining: number;
  /** Until all of the limit is there again, if no call comes. */
  readonly resetSeconds: number;
  /** Undefined when the call is within its share. */
  readonly retryAfterMs: number | undefined;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Sums of fractions miss whole numbers by a little. */
const rounding = 1e-6;

/** One bucket for each service, in this process alone: with n servers a service that spreads its calls has n shares. */
export class RateLimiter {
  readonly #nowMs: () => number;
  readonly #buckets: LRUCache<string, Bucket>;

  /** `nowMs` must never go back. */
  constructor(nowMs: () => number, maxCallers = 10_000) {
    this.#nowMs = nowMs;
    this.#buckets = new LRUCache({ max: maxCallers });
  }

  /** Counts one call. The rate may be another one than before: what is left is kept as far as it fits. */
  take(caller: string, { perSecond, burst }: Rate): RateShare {
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, filledAtMs: nowMs };
    const gained = ((nowMs - bucket.filledAtMs) / 1000) * perSecond;
    bucket.tokens = Math.min(burst, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    this.#buckets.set(caller, bucket);
    const isWithin = bucket.tokens > 1 - rounding;
    if (isWithin) bucket.tokens -= 1;
    return {
      limit: burst,
      remaining: Math.max(0, Math.floor(bucket.tokens + rounding)),
      resetSeconds: Math.ceil((burst - bucket.tokens) / perSecond - rounding),
      retryAfterMs: isWithin ? undefined : Math.ceil(((1 - bucket.tokens) / perSecond) * 1000 - rounding),
    };
  }
}
