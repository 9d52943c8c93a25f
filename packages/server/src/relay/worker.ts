import { randomUUID } from "node:crypto";
import type { Registry } from "prom-client";
import type { Repairs } from "../domain/repair.ts";
import { roomBucketCount, type Store } from "../domain/store.ts";
import type { ShardState } from "../store/control.ts";
import { type Shard, streamBornAtMs } from "../store/stream.ts";
import { firstStreamLoss, goneStreamLoss, replacedStreamLoss, shardLosses } from "./find-losses.ts";
import { type MissedShard, planShards, shareOf } from "./plan-shards.ts";
import { pause } from "./poll-pause.ts";
import { createRelayMetrics } from "./relay-metrics.ts";
import { type RelayReadiness, relayReadiness } from "./relay-readiness.ts";
import { createRepairWatch } from "./repair-watch.ts";
import { createRepairWork } from "./repair-work.ts";
import { type ShardWorker, type ShardWorkerDeps, startShardWorker } from "./shard-worker.ts";
import { createStreamHistory } from "./stream-history.ts";
import { createWorkerSlot } from "./worker-slot.ts";

/** What has a default. */
type RelayTuning = Pick<
  ShardWorkerDeps,
  "leaseTtlMs" | "pollMs" | "checkpointEveryMs" | "retryBlockedMs" | "stalledAfterMs" | "maxRooms" | "maxBatchBytes"
> & {
  /** How long draining waits for acknowledgements. */
  readonly drainTimeoutMs: number;
  /** Name in the lease table. Default: one of its own. */
  readonly owner: string;
  readonly repairRoomsPerSecond: number;
  readonly repairDelayMs: number;
};

export interface RelayOptions extends Omit<ShardWorkerDeps, "metrics" | keyof RelayTuning>, Partial<RelayTuning> {
  readonly registry: Registry;
  readonly store: Pick<Store, "readEntries" | "readRoom" | "listRoomIds">;
  readonly repairs: Repairs;
}

export interface Relay {
  /** Not while a shard stands still or hangs, or shards cannot be looked up. */
  ready(): RelayReadiness;
  /** Reads nothing more, waits for acknowledgements, writes checkpoints, releases leases. */
  drain(): Promise<void>;
  /** Ends at once. What was not drained is repeated by the next worker, when the leases have expired. */
  close(): Promise<void>;
}

const DEFAULTS = {
  leaseTtlMs: 10_000,
  pollMs: 100,
  checkpointEveryMs: 1_000,
  retryBlockedMs: 5_000,
  // Longer than all tries of a request to the table, and than brokers take to choose another leader.
  stalledAfterMs: 30_000,
  maxRooms: 100_000,
  maxBatchBytes: 1024 * 1024,
  drainTimeoutMs: 10_000,
  repairRoomsPerSecond: 500,
  repairDelayMs: 30_000,
} satisfies Partial<RelayTuning>;

/** Relays the table's stream, together with the other workers of the same control table. */
export function startRelay({ registry, ...options }: RelayOptions): Relay {
  const deps = { ...DEFAULTS, owner: randomUUID(), ...options, metrics: createRelayMetrics(registry) };
  const { leases, stream, clock, log, leaseTtlMs, owner } = deps;
  const nowMs = () => clock.nowMs();
  const naming = { leases, tableName: stream.tableName, owner, leaseTtlMs, nowMs };
  const slot = createWorkerSlot(naming);
  const history = createStreamHistory(naming);
  const watch = createRepairWatch(deps);
  const repairWork = createRepairWork({ ...deps, watch });
  const workers = new Map<string, ShardWorker>();
  const stop = new AbortController();
  const scanMs = leaseTtlMs / 4;
  let wake = new AbortController();
  let scannedAtMs: number | undefined;
  let scanError: unknown;

  deps.metrics.repair = {
    running: () => watch.running && toView(watch.running.progress),
    isBlocked: () => repairWork.trouble?.blocked ?? false,
  };

  async function scan(): Promise<void> {
    const newestArn = await stream.arn();
    if (newestArn === undefined) throw new Error("the table has no stream: run setup");
    const streamArn = await history.toRead(newestArn, () => noteFirstStream(newestArn));
    const [workerCount, listed] = await Promise.all([slot.countWorkers(), stream.shards(streamArn)]);
    // After the shards: a shard that was listed and one that was finished since are no contradiction.
    const states = await leases.list(streamArn);
    const plan = planShards(listed, states, nowMs());
    if (plan.missed.length > 0) await noteMissed(streamArn, states);
    // After the states: what is missed is noted before a shard that follows it can be taken.
    await watch.refresh();
    await repairWork.take();
    await leaveStream({ streamArn, newestArn, listed, states, isMissing: plan.missed.length > 0 });
    const share = shareOf(plan.readable.length, workerCount);
    for (const worker of [...workers.values()].slice(share)) worker.stop();
    for (const shardId of shuffled(plan.free)) {
      if (workers.size >= share || stop.signal.aborted) break;
      if (!workers.has(shardId)) await take(streamArn, shardId, sinceOf(streamArn, shardId, listed, states));
    }
  }

  async function noteFirstStream(streamArn: string): Promise<void> {
    const loss = firstStreamLoss(streamArn, await stream.tableBornAtMs(), nowMs());
    if (loss !== undefined)
      await watch.note(
        [loss],
        "the table is older than what its stream holds, and the control table knows of no relay",
      );
  }

  /** Another relay may have taken a shard that was opened after ours were listed: that is not missing. */
  async function noteMissed(streamArn: string, states: readonly ShardState[]): Promise<void> {
    const { missed } = planShards(await stream.shards(streamArn), states, nowMs());
    if (missed.length === 0) return;
    await watch.note(shardLosses(streamArn, missed, nowMs()), missedText(streamArn, missed));
    for (const state of missed)
      await leases.settle(streamArn, state, { nowMs: nowMs(), finished: state.gone || state.finished });
    wake.abort();
  }

  /** A stream that was turned off is left when all of it was read. */
  async function leaveStream(at: StreamAt): Promise<void> {
    const { streamArn, newestArn, listed, states } = at;
    if (at.isMissing) return;
    const isGone = listed.length === 0 && states.length === 0;
    if (streamArn === newestArn) {
      if (isGone) throw new Error(`stream ${streamArn} has no shards`);
      return;
    }
    if (!listed.every(({ shardId }) => states.some((state) => state.shardId === shardId && state.finished))) return;
    const loss = isGone ? goneStreamLoss(streamArn) : replacedStreamLoss(streamArn, states);
    await watch.note([loss], `stream ${streamArn} was replaced by ${newestArn}`);
    await history.finish(streamArn);
    wake.abort();
  }

  async function take(streamArn: string, shardId: string, sinceMs: number | undefined): Promise<void> {
    const lease = await leases.acquire({ streamArn, shardId, owner, sinceMs, ttlMs: leaseTtlMs, nowMs: nowMs() });
    if (lease === undefined) return;
    if (stop.signal.aborted) {
      await leases.release(lease);
      return;
    }
    const worker = startShardWorker(deps, lease, watch);
    workers.set(shardId, worker);
    void worker.done.then((end) => {
      workers.delete(shardId);
      // Its children may begin.
      if (end === "finished") wake.abort();
    });
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      wake = new AbortController();
      try {
        await scan();
        scannedAtMs = nowMs();
        scanError = undefined;
      } catch (error) {
        scanError = error;
        log.warn({ error }, "the relay cannot look up its shards");
      }
      await pause(scanMs, AbortSignal.any([stop.signal, wake.signal]));
    }
  }

  const running = run();
  const ended = async () => {
    await running;
    await Promise.all([...workers.values()].map((worker) => worker.done));
    await repairWork.ended();
  };

  return {
    ready: () =>
      relayReadiness({
        workers: workers.values(),
        repair: watch.running,
        repairWork,
        scannedAtMs,
        scanError,
        nowMs: nowMs(),
        toleratedMs: Math.max(10_000, leaseTtlMs),
      }),
    async drain() {
      stop.abort();
      for (const worker of workers.values()) worker.stop();
      repairWork.stop();
      const drained = new AbortController();
      const settled = ended().finally(() => drained.abort());
      await pause(deps.drainTimeoutMs, drained.signal);
      for (const worker of workers.values()) worker.letGo();
      repairWork.abandon();
      await settled;
      await slot.release();
    },
    async close() {
      stop.abort();
      for (const worker of workers.values()) worker.abandon();
      repairWork.abandon();
      await ended();
    },
  };
}

interface StreamAt {
  readonly streamArn: string;
  readonly newestArn: string;
  readonly listed: readonly Shard[];
  readonly states: readonly ShardState[];
  readonly isMissing: boolean;
}

/** What was committed before was handed on when the shard began: the end of its parent, or its stream's beginning. */
function sinceOf(streamArn: string, shardId: string, listed: readonly Shard[], states: readonly ShardState[]) {
  const parentId = listed.find((shard) => shard.shardId === shardId)?.parentShardId;
  return states.find((state) => state.shardId === parentId)?.sinceMs ?? streamBornAtMs(streamArn);
}

function missedText(streamArn: string, missed: readonly MissedShard[]): string {
  const shards = missed.map(({ shardId }) => shardId).join(", ");
  return `it was away for longer than the 24 hours that the table's stream keeps, and what followed in ${shards} of ${streamArn} is gone`;
}

function toView({ cursor, roomsDone }: { readonly cursor: { readonly bucket: number }; readonly roomsDone: number }) {
  return { ratio: cursor.bucket / roomBucketCount, roomsDone };
}

/** Workers that start together reach for different shards. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
