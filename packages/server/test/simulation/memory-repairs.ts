import {
  type Repair,
  type RepairLease,
  type RepairOutcome,
  type Repairs,
  withLosses,
} from "../../src/domain/repair.ts";

/** The repair of a table in memory, by the rules of the control table. */
export function createMemoryRepairs(): Repairs {
  let repair: Repair | undefined;
  let epoch = 0;
  let owner: string | undefined;
  let expiresAtMs = 0;

  function write(lease: RepairLease, change: () => void): RepairOutcome {
    const isHeld = lease.epoch === epoch && lease.repair.revision === repair?.revision && !repair.done;
    if (!isHeld || owner === undefined) return { kind: "lost" };
    change();
    return { kind: "held" };
  }
  const set = (change: Partial<Repair>) => {
    if (repair !== undefined) repair = { ...repair, ...change };
  };

  return {
    read: async () => repair,
    async note(losses, nowMs) {
      const noted = withLosses(repair, losses, nowMs);
      if (noted === undefined && repair !== undefined) return { repair, isNew: false };
      if (noted === undefined) throw new RangeError("a repair needs a loss");
      repair = noted;
      owner = undefined;
      return { repair, isNew: true };
    },
    async acquire(wanted, { nowMs, ttlMs }) {
      if (repair === undefined || repair.done) return undefined;
      if (owner !== undefined && owner !== wanted && expiresAtMs > nowMs) return undefined;
      owner = wanted;
      expiresAtMs = nowMs + ttlMs;
      return { repair, epoch: ++epoch };
    },
    renew: async (lease, { nowMs, ttlMs }) =>
      write(lease, () => {
        expiresAtMs = nowMs + ttlMs;
      }),
    save: async (lease, progress) => write(lease, () => set({ progress })),
    finish: async (lease, progress) =>
      write(lease, () => {
        set({ progress, done: true });
        owner = undefined;
      }),
    release: async (lease) =>
      write(lease, () => {
        owner = undefined;
      }),
  };
}
