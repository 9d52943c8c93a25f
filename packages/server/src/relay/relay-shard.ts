import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import type { Lease } from "../store/control.ts";
import { StreamTrimmedError } from "../store/stream-errors.ts";
import type { Checkpointer } from "./checkpointer.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import type { EventSink } from "./event-sink.ts";
import { createRoomOrder } from "./in-order.ts";
import { missedText } from "./missed-text.ts";
import { nextPauseMs, pause } from "./poll-pause.ts";
import { relayChanges } from "./relay-changes.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import { LeaseLostError, ShardBlockedError } from "./shard-blocked.ts";
import type { ShardLag } from "./shard-lag.ts";
import type { ShardPulse } from "./shard-pulse.ts";
import type { ChangeRecord, TableStream } from "./table-stream.ts";
import type { EventTopics } from "./to-event.ts";

export interface RelayShardDeps {
  readonly stream: TableStream;
  readonly store: Pick<Store, "readEntries">;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly metrics: RelayMetrics;
  readonly topics: EventTopics;
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
  readonly checkpointer: Checkpointer;
  readonly lag: ShardLag;
  readonly pulse: ShardPulse;
  /** Something was acknowledged, or there is nothing more to read. */
  readonly onProgress: () => void;
}

/**
 * Reads a shard on from its checkpoint until its end ("finished") or until the signal ("stopped"). In both cases all
 * that was read is acknowledged and checkpointed; when it throws ShardBlockedError, all before what blocks.
 */
export async function relayShard(
  deps: RelayShardDeps,
  shard: LeasedShard,
  signal: AbortSignal,
): Promise<"finished" | "stopped"> {
  const { checkpointer, lag, pulse, onProgress } = shard;
  pulse.beat();
  const pipeline = createEventPipeline({
    sink: watchedSink(deps, pulse),
    maxBatchBytes: deps.maxBatchBytes,
    onAcknowledged(position) {
      checkpointer.reach(position);
      lag.acknowledged(position);
      pulse.beat();
      onProgress();
    },
  });
  const order = createRoomOrder(deps.maxRooms);
  const { topics, source } = deps;
  let end: "finished" | "stopped" = "finished";
  let block: ShardBlockedError | undefined;
  let pauseMs = 0;
  try {
    for await (const records of readOn(deps, shard, signal)) {
      pulse.beat();
      deps.metrics.records.inc(records.length);
      noteRead(lag, records);
      await relayChanges({ ...deps, order, pipeline }, records, { topics, source, relayedAtMs: deps.clock.nowMs() });
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
    if (error instanceof ShardBlockedError) block = error;
    else if (error instanceof StreamTrimmedError) block = trimmed(error, checkpointer.position?.committedAtMs);
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

function noteRead(lag: ShardLag, records: readonly ChangeRecord[]): void {
  const [first, last] = [records[0], records.at(-1)];
  if (first !== undefined && last !== undefined) lag.read(first, last);
}

function watchedSink({ sink, metrics }: RelayShardDeps, pulse: ShardPulse): EventSink {
  return {
    async send(events) {
      await pulse.during("sending", () => sink.send(events));
      metrics.events.inc(events.length);
    },
  };
}

function trimmed(error: StreamTrimmedError, sinceMs: number | undefined): ShardBlockedError {
  return new ShardBlockedError("trimmed", missedText({ ...error, sinceMs }), error);
}
