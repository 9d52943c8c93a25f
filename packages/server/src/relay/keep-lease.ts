import type { Log } from "../log.ts";
import { pause } from "./poll-pause.ts";
import type { ShardPulse } from "./shard-pulse.ts";

export interface KeptLease {
  readonly pulse: ShardPulse;
  readonly ttlMs: number;
  readonly log: Log;
  renew(): Promise<{ readonly kind: "held" | "lost" }>;
  onLost(): void;
  /** Each time before it is looked at. */
  onLook?(): void;
}

/**
 * Renews a lease until the signal aborts, as long as its holder works: one that hangs must not keep the lease from others,
 * who may do better. When it works again it goes on under the same lease, if nobody took it.
 */
export async function keepLease(kept: KeptLease, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(kept.ttlMs / 3, signal);
    if (signal.aborted) return;
    kept.onLook?.();
    if (kept.pulse.stall() !== undefined) continue;
    try {
      const { kind } = await kept.renew();
      if (kind === "lost") kept.onLost();
    } catch (error) {
      kept.log.warn({ error }, "a lease could not be renewed");
    }
  }
}
