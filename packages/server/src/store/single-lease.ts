import type { Lease, Leases } from "./control.ts";

export interface SingleLeaseOptions {
  readonly leases: Pick<Leases, "acquire" | "renew" | "release">;
  /** What the holder may do. */
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
  readonly nowMs: () => number;
}

/** A right that one server at a time has: the lease of a shard that does not exist. */
export function createSingleLease({ leases, name, owner, ttlMs, nowMs }: SingleLeaseOptions) {
  let held: Lease | undefined;
  return {
    async hold(): Promise<boolean> {
      const time = { ttlMs, nowMs: nowMs() };
      if (held !== undefined && (await leases.renew(held, time)).kind === "held") return true;
      held = await leases.acquire({ streamArn: "single", shardId: name, owner, ...time });
      return held !== undefined;
    },
    async release(): Promise<void> {
      if (held !== undefined) await leases.release(held);
      held = undefined;
    },
  };
}
