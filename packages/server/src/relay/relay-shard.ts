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
  const { checkpointer, lag, onProgress } = shard;
  const pipeline = createEventPipeline({
    sink: countingSink(deps),
    maxBatchBytes: deps.maxBatchBytes,
    onAcknowledged(position) {
      checkpointer.reach(position);
      lag.acknowledged(position);
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
      deps.metrics.records.inc(records.length);
      noteRead(lag, records);
      await relayChanges({ ...deps, order, pipeline }, records, { topics, source, relayedAtMs: deps.clock.nowMs() });
      await pipeline.flush();
      pauseMs = nextPauseMs(records.length, pauseMs, deps.pollMs);
      if (pauseMs > 0) {
        await pipeline.settle();
        onProgress();
      }
      await checkpointer.saveIfDue();
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

function readOn(
  deps: RelayShardDeps,
  { lease, checkpointer }: LeasedShard,
  signal: AbortSignal,
): AsyncIterable<readonly ChangeRecord[]> {
  const { streamArn, shardId } = lease;
  return deps.stream.read({ streamArn, shardId, afterSequenceNumber: checkpointer.position?.sequenceNumber }, signal);
}

function noteRead(lag: ShardLag, records: readonly ChangeRecord[]): void {
  const [first, last] = [records[0], records.at(-1)];
  if (first !== undefined && last !== undefined) lag.read(first, last);
}

function countingSink({ sink, metrics }: RelayShardDeps): EventSink {
  return {
    async send(events) {
      await sink.send(events);
      metrics.events.inc(events.length);
    },
  };
}

function trimmed(error: StreamTrimmedError, sinceMs: number | undefined): ShardBlockedError {
  return new ShardBlockedError("trimmed", missedText({ ...error, sinceMs }), error);
}
