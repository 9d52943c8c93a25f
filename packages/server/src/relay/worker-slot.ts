import type { Lease, Leases } from "../store/control.ts";

/** How a worker is counted, so that each takes no more than its share of the shards. */
export interface WorkerSlot {
  /** Keeps this worker counted; answers how many there are, this one included. */
  countWorkers(): Promise<number>;
  release(): Promise<void>;
}

export interface WorkerSlotDeps {
  readonly leases: Leases;
  readonly tableName: string;
  readonly owner: string;
  readonly leaseTtlMs: number;
  readonly nowMs: () => number;
}

/** A slot is the lease of a shard that does not exist. Free slots are taken again, so there are as many as ever ran at once. */
export function createWorkerSlot({ leases, tableName, owner, leaseTtlMs, nowMs }: WorkerSlotDeps): WorkerSlot {
  const group = `workers of ${tableName}`;
  let held: Lease | undefined;

  async function keep(): Promise<void> {
    if (held !== undefined) {
      const { kind } = await leases.renew(held, { ttlMs: leaseTtlMs, nowMs: nowMs() });
      if (kind === "held") return;
    }
    held = undefined;
    for (let slot = 0; held === undefined; slot++)
      held = await leases.acquire({
        streamArn: group,
        shardId: `worker-${slot}`,
        owner,
        ttlMs: leaseTtlMs,
        nowMs: nowMs(),
      });
  }

  return {
    async countWorkers() {
      await keep();
      const slots = await leases.list(group);
      return slots.filter((slot) => slot.owner !== undefined && slot.expiresAtMs > nowMs()).length;
    },
    async release() {
      if (held !== undefined) await leases.release(held);
      held = undefined;
    },
  };
}
