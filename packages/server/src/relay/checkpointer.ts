import type { Clock } from "../domain/clock.ts";
import type { Checkpoint, Lease, Leases } from "../store/control.ts";
import { LeaseLostError } from "./shard-blocked.ts";

/** Keeps how far a shard was acknowledged. Each write has its price, so there is some time between them. */
export interface Checkpointer {
  /** What is acknowledged, or was when the lease was taken. */
  readonly position: Checkpoint | undefined;
  /** What follows it is gone: forgets it. */
  restart(): void;
  reach(position: Checkpoint): void;
  /** Throws LeaseLostError. */
  saveIfDue(): Promise<void>;
  /** Throws LeaseLostError. */
  save(): Promise<void>;
}

export interface CheckpointerOptions {
  readonly leases: Pick<Leases, "checkpoint">;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly everyMs: number;
}

export function createCheckpointer({ leases, lease, clock, everyMs }: CheckpointerOptions): Checkpointer {
  let stored = lease.checkpoint;
  let position = lease.checkpoint;
  let savedAtMs = clock.nowMs();

  async function save(): Promise<void> {
    const saving = position;
    if (saving === undefined || saving === stored) return;
    const outcome = await leases.checkpoint(lease, saving);
    if (outcome.kind === "lost") throw new LeaseLostError(lease.shardId);
    stored = saving;
    savedAtMs = clock.nowMs();
  }

  return {
    get position() {
      return position;
    },
    restart() {
      stored = undefined;
      position = undefined;
    },
    reach(reached) {
      position = reached;
    },
    save,
    async saveIfDue() {
      if (clock.nowMs() - savedAtMs >= everyMs) await save();
    },
  };
}
