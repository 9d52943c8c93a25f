import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import type { Log } from "../log.ts";
import type { Lease } from "../store/control.ts";
import { StreamTrimmedError } from "../store/stream-errors.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import type { EventSink } from "./event-sink.ts";
import { createRoomOrder } from "./in-order.ts";
import { nextPauseMs, pause } from "./poll-pause.ts";
import { relayChanges } from "./relay-changes.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import type { RepairWatch } from "./repair-watch.ts";
import { LeaseLostError, ShardBlockedError } from "./shard-blocked.ts";
import type { ShardLag } from "./shard-lag.ts";
import type { ShardPulse } from "./shard-pulse.ts";
import type { ChangeRecord, TableStream } from "./table-stream.ts";
import type { EventTopics } from "./to-event.ts";

export interface RelayShardDeps {
  readonly stream: TableStream;
  readonly store: Pick<Store, "readEntries" | "readRoom">;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly metrics: RelayMetrics;
  readonly log: Log;
  readonly topics: EventTopics;
  readonly deadLetterTopic: string;
  /** What the events say they come from. */
  readonly source: string;
  /** Longest pause between two reads of a shard in which nothing happens. */
  readonly pollMs: number;
  /** Rooms whose position is known, for each shard. */
  readonly maxRooms: number;
  /** Bytes of one batch of events; of each shard two are held at most. */
  readonly maxBatchBytes: number;
}

export interface LeasedShard {
  readonly lease: Lease;
  readonly repair: Pick<RepairWatch, "running" | "firstUnsure">;
  readonly checkpointer: Checkpointer;
  readonly lag: ShardLag;
  readonly pulse: ShardPulse;
  /** Something was acknowledged, or there is nothing more to read. */
  readonly onProgress: () => void;
}

/**
 * Reads a shard on from its checkpoint until its end ("finished") or until the signal ("stopped"). In both cases all
 * that was read is acknowledged and checkpointed; when it throws ShardBlockedError or StreamTrimmedError, all before that.
 */
export async function relayShard(
  deps: RelayShardDeps,
  shard: LeasedShard,
  signal: AbortSignal,
): Promise<"finished" | "stopped"> {
  const { checkpointer, lag, pulse, onProgress } = shard;
  pulse.beat();
  const sink: EventSink = { send: (events) => pulse.during("sending", () => deps.sink.send(events)) };
  const pipeline = createEventPipeline({
    sink: countedSink(sink, deps.metrics),
    maxBatchBytes: deps.maxBatchBytes,
    onAcknowledged(position) {
      checkpointer.reach(position);
      lag.acknowledged(position);
      pulse.beat();
      onProgress();
    },
  });
  const order = createRoomOrder(deps.maxRooms);
  const { topics, source, clock, log, metrics, deadLetterTopic: topic } = deps;
  const deadLetters = createDeadLetters({ sink, topic, shardId: shard.lease.shardId, clock, log, metrics });
  // A shard that is taken while something is being repaired may be one that lost something, or follow one.
  const { repair } = shard;
  const firstUnsure = repair.running === undefined ? undefined : repair.firstUnsure;
  const changing = { ...deps, order, pipeline, deadLetters, firstUnsure };
  let end: "finished" | "stopped" = "finished";
  let block: ShardBlockedError | StreamTrimmedError | undefined;
  let pauseMs = 0;
  try {
    for await (const records of readOn(deps, shard, signal)) {
      pulse.beat();
      metrics.records.inc(records.length);
      lag.read(records);
      await relayChanges(changing, records, { topics, source, relayedAtMs: clock.nowMs() });
      await pipeline.flush();
      pauseMs = nextPauseMs(records.length, pauseMs, deps.pollMs);
      if (pauseMs > 0) {
        await pipeline.settle();
        onProgress();
      }
      await pulse.during("checkpointing", () => checkpointer.saveIfDue());
      await pause(pauseMs, signal);
    }
  } catch (error) {
    if (error instanceof ShardBlockedError || error instanceof StreamTrimmedError) block = error;
    else if (signal.aborted && error === signal.reason && !(error instanceof LeaseLostError)) end = "stopped";
    else {
      // The next attempt must not run beside what this one still sends.
      await pipeline.idle();
      throw error;
    }
  }
  await pipeline.settle();
  await checkpointer.save();
  if (block !== undefined) throw block;
  return end;
}

async function* readOn(
  deps: RelayShardDeps,
  { lease, checkpointer, pulse }: LeasedShard,
  signal: AbortSignal,
): AsyncGenerator<readonly ChangeRecord[]> {
  const { streamArn, shardId } = lease;
  const from = { streamArn, shardId, afterSequenceNumber: checkpointer.position?.sequenceNumber };
  const pages = deps.stream.read(from, signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pulse.during("reading", () => pages.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await pages.return?.();
  }
}

function countedSink(sink: EventSink, metrics: RelayMetrics): EventSink {
  return {
    async send(events) {
      await sink.send(events);
      metrics.events.inc(events.length);
    },
  };
}
