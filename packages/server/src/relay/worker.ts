import { randomUUID } from "node:crypto";
import type { Registry } from "prom-client";
import { type Missed, missedText } from "./missed-text.ts";
import { planShards, shareOf } from "./plan-shards.ts";
import { pause } from "./poll-pause.ts";
import { createRelayMetrics } from "./relay-metrics.ts";
import { type RelayReadiness, relayReadiness } from "./relay-readiness.ts";
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
};

export interface RelayOptions extends Omit<ShardWorkerDeps, "metrics" | keyof RelayTuning>, Partial<RelayTuning> {
  readonly registry: Registry;
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
} satisfies Partial<RelayTuning>;

/** Relays the table's stream, together with the other workers of the same control table. */
export function startRelay({ registry, ...options }: RelayOptions): Relay {
  const deps = { ...DEFAULTS, owner: randomUUID(), ...options, metrics: createRelayMetrics(registry) };
  const { leases, stream, clock, log, leaseTtlMs, owner } = deps;
  const nowMs = () => clock.nowMs();
  const naming = { leases, tableName: stream.tableName, owner, leaseTtlMs, nowMs };
  const slot = createWorkerSlot(naming);
  const history = createStreamHistory(naming);
  const workers = new Map<string, ShardWorker>();
  const stop = new AbortController();
  const scanMs = leaseTtlMs / 4;
  let wake = new AbortController();
  let missed: readonly Missed[] = [];
  let scannedAtMs: number | undefined;
  let scanError: unknown;

  async function scan(): Promise<void> {
    const newestArn = await stream.arn();
    if (newestArn === undefined) throw new Error("the table has no stream: run setup");
    const streamArn = await history.toRead(newestArn);
    const [workerCount, shards] = await Promise.all([slot.countWorkers(), stream.shards(streamArn)]);
    // After the shards: a shard that was listed and one that was finished since are no contradiction.
    const states = await leases.list(streamArn);
    const plan = planShards(shards, states, nowMs());
    noteMissed(
      plan.missed.map(({ shardId, checkpoint }) => ({ streamArn, shardId, sinceMs: checkpoint?.committedAtMs })),
    );
    if (shards.length === 0 && states.length === 0)
      throw new Error(`stream ${streamArn} is gone before any of it was read`);
    const isRead = shards.every(({ shardId }) => states.some((state) => state.shardId === shardId && state.finished));
    if (streamArn !== newestArn && isRead && missed.length === 0) {
      await history.finish(streamArn);
      wake.abort();
    }
    const share = shareOf(plan.readable.length, workerCount);
    for (const worker of [...workers.values()].slice(share)) worker.stop();
    for (const shardId of shuffled(plan.free)) {
      if (workers.size >= share || stop.signal.aborted) break;
      if (!workers.has(shardId)) await take(streamArn, shardId);
    }
  }

  async function take(streamArn: string, shardId: string): Promise<void> {
    const lease = await leases.acquire({ streamArn, shardId, owner, ttlMs: leaseTtlMs, nowMs: nowMs() });
    if (lease === undefined) return;
    if (stop.signal.aborted) {
      await leases.release(lease);
      return;
    }
    const worker = startShardWorker(deps, lease);
    workers.set(shardId, worker);
    void worker.done.then((end) => {
      workers.delete(shardId);
      // Its children may begin.
      if (end === "finished") wake.abort();
    });
  }

  function noteMissed(now: readonly Missed[]): void {
    const before = new Set(missed.map((one) => one.shardId));
    deps.metrics.missedShards.clear();
    for (const one of now) {
      deps.metrics.missedShards.add(one.shardId);
      if (!before.has(one.shardId)) log.error({ shard: one.shardId }, `the relay stands still: ${missedText(one)}`);
    }
    missed = now;
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
  };

  return {
    ready: () =>
      relayReadiness({
        workers: workers.values(),
        missed,
        scannedAtMs,
        scanError,
        nowMs: nowMs(),
        toleratedMs: Math.max(10_000, leaseTtlMs),
      }),
    async drain() {
      stop.abort();
      for (const worker of workers.values()) worker.stop();
      const drained = new AbortController();
      const settled = ended().finally(() => drained.abort());
      await pause(deps.drainTimeoutMs, drained.signal);
      for (const worker of workers.values()) worker.letGo();
      await settled;
      await slot.release();
    },
    async close() {
      stop.abort();
      for (const worker of workers.values()) worker.abandon();
      await ended();
    },
  };
}

/** Workers that start together reach for different shards. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
