import { pause } from "./poll-pause.ts";
import { type RepairWalker, type RepairWalkerDeps, startRepairWalker } from "./repair-walker.ts";
import type { RepairWatch } from "./repair-watch.ts";
import { LeaseLostError, ShardBlockedError } from "./shard-blocked.ts";
import type { ShardStall } from "./shard-pulse.ts";
import type { ShardTrouble } from "./shard-worker.ts";

/** This relay's part in repairs: the walk, when nobody else walks. */
export interface RepairWork {
  /** What the last attempt failed with; undefined while it goes well, or nothing is to be done. */
  readonly trouble: ShardTrouble | undefined;
  readonly stall: ShardStall | undefined;
  /** Begins to walk if there is something to repair and nobody does. */
  take(): Promise<void>;
  stop(): void;
  abandon(): void;
  /** Resolves when this relay walks no more. */
  ended(): Promise<void>;
}

export interface RepairWorkDeps extends RepairWalkerDeps {
  readonly watch: RepairWatch;
  readonly owner: string;
  readonly retryBlockedMs: number;
}

export function createRepairWork(deps: RepairWorkDeps): RepairWork {
  const { repairs, watch, owner, clock, log, leaseTtlMs: ttlMs } = deps;
  const stopping = new AbortController();
  let walker: RepairWalker | undefined;
  let walking: Promise<void> | undefined;
  let trouble: ShardTrouble | undefined;

  async function work(started: RepairWalker): Promise<void> {
    try {
      await started.done;
      trouble = undefined;
      await watch.refresh();
    } catch (error) {
      if (error instanceof LeaseLostError) {
        trouble = undefined;
        return;
      }
      const blocked = error instanceof ShardBlockedError;
      trouble = { error, blocked, sinceMs: trouble?.sinceMs ?? clock.nowMs() };
      if (blocked) log.error({ error, why: error.why }, `the repair stands still: ${error.message}`);
      else log.warn({ error }, "the relay tries a repair again");
      await pause(deps.retryBlockedMs, stopping.signal);
    }
  }

  return {
    get trouble() {
      return watch.running === undefined ? undefined : trouble;
    },
    get stall() {
      return walker?.stall;
    },
    async take() {
      if (watch.running === undefined || walking !== undefined || stopping.signal.aborted) return;
      const lease = await repairs.acquire(owner, { nowMs: clock.nowMs(), ttlMs });
      if (lease === undefined) {
        trouble = undefined;
        return;
      }
      if (stopping.signal.aborted) return void (await repairs.release(lease));
      const started = startRepairWalker(deps, lease);
      walker = started;
      walking = work(started).finally(() => {
        walker = undefined;
        walking = undefined;
      });
    },
    stop() {
      stopping.abort();
      walker?.stop();
    },
    abandon() {
      stopping.abort();
      walker?.abandon();
    },
    ended: async () => walking,
  };
}
