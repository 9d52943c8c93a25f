import fc from "fast-check";
import { expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

function limiterAt(startMs = 0, maxCallers?: number) {
  const clock = { nowMs: startMs };
  return { clock, limiter: new RateLimiter(() => clock.nowMs, maxCallers) };
}

test("a burst is served at once, and then what the rate gives", () => {
  const { clock, limiter } = limiterAt();
  const rate = { perSecond: 2, burst: 3 };
  const take = () => limiter.take("orders", rate);
  expect(take()).toEqual({ limit: 3, remaining: 2, resetSeconds: 1, retryAfterMs: undefined });
  expect([take().remaining, take().remaining]).toEqual([1, 0]);
  expect(take()).toEqual({ limit: 3, remaining: 0, resetSeconds: 2, retryAfterMs: 500 });
  clock.nowMs = 499;
  expect(take().retryAfterMs).toBe(1);
  clock.nowMs = 500;
  expect(take().retryAfterMs).toBeUndefined();
  expect(take().retryAfterMs).toBe(500);
});

test("services do not share, and a refused call costs nothing", () => {
  const { clock, limiter } = limiterAt();
  const rate = { perSecond: 1, burst: 1 };
  limiter.take("orders", rate);
  for (let n = 0; n < 100; n++) expect(limiter.take("orders", rate).retryAfterMs).toBe(1000);
  expect(limiter.take("payments", rate).retryAfterMs).toBeUndefined();
  clock.nowMs = 1000;
  expect(limiter.take("orders", rate).retryAfterMs).toBeUndefined();
});

test("another rate holds from the next call on", () => {
  const { limiter } = limiterAt();
  limiter.take("orders", { perSecond: 1, burst: 100 });
  expect(limiter.take("orders", { perSecond: 1, burst: 2 })).toMatchObject({ limit: 2, remaining: 1 });
});

test("in no stretch of time are more calls served than the burst and the rate allow", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(pauses, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (gaps, perSecond, burst) => {
      const { clock, limiter } = limiterAt(1_000_000);
      let served = 0;
      for (const gap of gaps) {
        clock.nowMs += gap;
        if (limiter.take("orders", { perSecond, burst }).retryAfterMs === undefined) served++;
      }
      expect(served).toBeLessThanOrEqual(burst + ((clock.nowMs - 1_000_000) / 1000) * perSecond + 1e-6);
    }),
  );
});
