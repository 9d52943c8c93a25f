import { surelyKeptMs } from "../domain/repair.ts";
import type { Lease, Leases } from "../store/control.ts";
import { StreamTrimmedError } from "../store/stream-errors.ts";
import { createCheckpointer } from "./checkpointer.ts";
import { trimmedLoss } from "./find-losses.ts";
import { keepLease } from "./keep-lease.ts";
import { pause } from "./poll-pause.ts";
import { type LeasedShard, type RelayShardDeps, relayShard } from "./relay-shard.ts";
import type { RepairWatch } from "./repair-watch.ts";
import { LeaseLostError, ShardBlockedError } from "./shard-blocked.ts";
import { createShardLag } from "./shard-lag.ts";
import { createShardPulse, type ShardStall, stallText } from "./shard-pulse.ts";

export interface ShardWorkerDeps extends RelayShardDeps {
  readonly leases: Leases;
  readonly leaseTtlMs: number;
  readonly checkpointEveryMs: number;
  /** Pause before a shard that is blocked is tried again from its checkpoint. */
  readonly retryBlockedMs: number;
  /** A shard that has neither been read nor sent for longer, without an error, hangs. */
  readonly stalledAfterMs: number;
}

export type ShardEnd = "finished" | "released" | "lost" | "abandoned";

/** Reads one leased shard until its end, or until it is stopped or loses its lease. */
export interface ShardWorker {
  readonly shardId: string;
  /** What the last attempt failed with; undefined while it goes well. */
  readonly trouble: ShardTrouble | undefined;
  /** What it hangs in; undefined while it works or fails. */
  readonly stall: ShardStall | undefined;
  /** Never rejects. */
  readonly done: Promise<ShardEnd>;
  /** Reads nothing more, waits for acknowledgements, writes the checkpoint and releases the lease. */
  stop(): void;
  /** Waits for nothing more, and releases the lease. */
  letGo(): void;
  /** Leaves everything as it is, as a crash would. */
  abandon(): void;
}

export interface ShardTrouble {
  readonly error: unknown;
  readonly sinceMs: number;
  readonly blocked: boolean;
}

const FIRST_RETRY_MS = 100;

export function startShardWorker(deps: ShardWorkerDeps, lease: Lease, repair: RepairWatch): ShardWorker {
  const { leases, clock, metrics } = deps;
  const { shardId } = lease;
  const log = deps.log.child({ shard: shardId, epoch: lease.epoch });
  const stopping = new AbortController();
  const cut = Promise.withResolvers<ShardEnd>();
  const everyMs = deps.checkpointEveryMs;
  const lag = createShardLag();
  const renewing = new AbortController();
  const pulse = createShardPulse(clock, deps.stalledAfterMs);
  let trouble: ShardTrouble | undefined;
  let stallToldAtMs: number | undefined;
  let trimmedAtMs: number | undefined;
  const shard: LeasedShard = {
    lease,
    repair,
    lag,
    pulse,
    checkpointer: createCheckpointer({ leases, lease, clock, everyMs }),
    onProgress() {
      if (trouble !== undefined || stallToldAtMs !== undefined) log.info("the relay goes on with a shard");
      trouble = undefined;
      stallToldAtMs = undefined;
    },
  };

  async function run(): Promise<ShardEnd> {
    for (let failures = 0; ; ) {
      const positionBefore = shard.checkpointer.position;
      try {
        const end = await readOn();
        if (end === "stopped") return release();
        if (end === "finished") return (await leases.finish(lease)).kind === "held" ? "finished" : "lost";
        failures = 0;
        await pause(FIRST_RETRY_MS, stopping.signal);
      } catch (error) {
        if (error instanceof LeaseLostError) return "lost";
        if (stopping.signal.reason instanceof LeaseLostError) return "lost";
        if (stopping.signal.aborted) {
          log.warn({ error }, "the relay stops a shard before all of it was acknowledged");
          return release();
        }
        failures = shard.checkpointer.position === positionBefore ? failures + 1 : 1;
        noteTrouble(error);
        await pause(retryPauseMs(error, failures), stopping.signal);
      }
    }
  }

  /** "restarted": what follows the checkpoint is gone and will be repaired; the shard goes on from what is left of it. */
  async function readOn(): Promise<"finished" | "stopped" | "restarted"> {
    try {
      return await relayShard({ ...deps, log }, shard, stopping.signal);
    } catch (error) {
      if (!(error instanceof StreamTrimmedError)) throw error;
      // One that slept is told of what it missed, too, though another has read it.
      const time = { ttlMs: deps.leaseTtlMs, nowMs: clock.nowMs() };
      if ((await leases.renew(lease, time)).kind === "lost") throw new LeaseLostError(shardId);
      await noteTrimmed(error);
      if (error.gone || (await isOver(error))) return "finished";
      if ((await leases.restart(lease)).kind === "lost") throw new LeaseLostError(shardId);
      shard.checkpointer.restart();
      return "restarted";
    }
  }

  /** Once: that there is nothing at the start either, right after it was restarted, is no other loss. */
  async function noteTrimmed(error: StreamTrimmedError): Promise<void> {
    const nowMs = clock.nowMs();
    const isTold = trimmedAtMs !== undefined && nowMs - trimmedAtMs < surelyKeptMs;
    if (error.afterSequenceNumber === undefined && isTold) return;
    const { position } = shard.checkpointer;
    const sinceMs = position?.committedAtMs ?? lease.sinceMs;
    const loss = trimmedLoss(lease, { sequenceNumber: position?.sequenceNumber, sinceMs }, nowMs);
    await repair.note([loss], error.message);
    trimmedAtMs = nowMs;
  }

  /** A closed shard of which not even the oldest record can be read has none left. */
  async function isOver({ streamArn, afterSequenceNumber }: StreamTrimmedError): Promise<boolean> {
    if (afterSequenceNumber !== undefined) return false;
    const shards = await deps.stream.shards(streamArn);
    return shards.some((one) => one.shardId === shardId && !one.open);
  }

  /** The next worker starts from the last checkpoint and repeats what came after it. */
  async function release(): Promise<ShardEnd> {
    try {
      return (await leases.release(lease)).kind === "held" ? "released" : "lost";
    } catch (error) {
      log.warn({ error }, "the lease of a shard could not be released and has to expire");
      return "abandoned";
    }
  }

  function retryPauseMs(error: unknown, failures: number): number {
    if (error instanceof ShardBlockedError) return deps.retryBlockedMs;
    return Math.min(deps.retryBlockedMs, FIRST_RETRY_MS * 2 ** (failures - 1));
  }

  function noteTrouble(error: unknown): void {
    const blocked = error instanceof ShardBlockedError;
    metrics.retries.inc();
    trouble = { error, blocked, sinceMs: trouble?.sinceMs ?? clock.nowMs() };
    if (blocked) log.error({ error, why: error.why }, `the relay stands still: ${error.message}`);
    else log.warn({ error }, "the relay tries a shard again");
  }

  /** Says again and again that a shard hangs, since nothing else would. */
  function tellStall(): void {
    const stall = pulse.stall();
    if (stall === undefined) return;
    const isTold = stallToldAtMs !== undefined && clock.nowMs() - stallToldAtMs < deps.stalledAfterMs;
    if (isTold) return;
    stallToldAtMs = clock.nowMs();
    log.error({ stall }, `the relay stands still: ${stallText(stall)}`);
  }

  void keepLease(
    {
      pulse,
      ttlMs: deps.leaseTtlMs,
      log,
      renew: () => leases.renew(lease, { ttlMs: deps.leaseTtlMs, nowMs: clock.nowMs() }),
      onLost: () => stopping.abort(new LeaseLostError(shardId)),
      onLook: tellStall,
    },
    renewing.signal,
  );
  metrics.shards.set(shardId, {
    lagMs: () => lag.lagMs(clock.nowMs()),
    lagRecords: () => lag.lagRecords(),
    isBlocked: () => trouble?.blocked ?? false,
    isStalled: () => pulse.stall() !== undefined,
  });
  log.info({ checkpoint: lease.checkpoint }, "the relay reads a shard");
  const done = Promise.race([run(), cut.promise]).then((how) => {
    renewing.abort();
    metrics.shards.delete(shardId);
    log.info({ end: how }, "the relay reads a shard no more");
    return how;
  });

  return {
    shardId,
    get trouble() {
      return trouble;
    },
    get stall() {
      return pulse.stall();
    },
    done,
    stop: () => stopping.abort(new Error("the relay is being drained")),
    letGo() {
      cut.resolve(release());
      stopping.abort(new LeaseLostError(shardId));
    },
    abandon() {
      cut.resolve("abandoned");
      stopping.abort(new LeaseLostError(shardId));
    },
  };
}
