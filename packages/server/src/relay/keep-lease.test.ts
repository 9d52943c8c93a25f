import { expect, it, vi } from "vitest";
import { createLog } from "../log.ts";
import { keepLease } from "./keep-lease.ts";
import { createShardPulse } from "./shard-pulse.ts";

it("a lease is renewed as long as its holder works, and not while it hangs", async () => {
  let nowMs = 0;
  const pulse = createShardPulse({ nowMs: () => nowMs }, 1_000);
  let [looks, renewals] = [0, 0];
  const stop = new AbortController();
  const kept = keepLease(
    {
      pulse,
      ttlMs: 3,
      log: createLog("silent"),
      onLook: () => looks++,
      onLost: () => undefined,
      async renew() {
        renewals++;
        return { kind: "held" };
      },
    },
    stop.signal,
  );
  const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 5_000, interval: 1 });
  const hasLooked = (more: number) => until(() => looks >= more);
  await hasLooked(3);
  nowMs = 2_000;
  await hasLooked(looks + 2);
  const before = renewals;
  expect(before).toBeGreaterThan(0);
  await hasLooked(looks + 3);
  expect(renewals).toBe(before);
  pulse.beat();
  await until(() => renewals > before);
  stop.abort();
  await kept;
});
