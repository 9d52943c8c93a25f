import { type Counter, Registry } from "prom-client";
import type { Change } from "../domain/change.ts";
import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import type { Log } from "../log.ts";
import type { ChangeRecord as StreamRecord } from "../store/to-change.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import type { EventSink } from "./event-sink.ts";
import { createRoomOrder, type RoomOrder } from "./in-order.ts";
import { type LambdaStreamEvent, toChangeRecord } from "./lambda-record.ts";
import { type RelayChangesDeps, relayChanges } from "./relay-changes.ts";
import { createRelayMetrics, type RelayMetrics } from "./relay-metrics.ts";
import { ShardBlockedError } from "./shard-blocked.ts";
import type { ChangeRecord } from "./table-stream.ts";
import type { EventTopics } from "./to-event.ts";

export interface RelayHandlerDeps {
  readonly store: Pick<Store, "readEntries" | "readRoom">;
  readonly sink: EventSink;
  readonly toChange: (record: StreamRecord) => Change;
  readonly clock: Clock;
  readonly log: Log;
  readonly topics: EventTopics;
  readonly deadLetterTopic: string;
  /** What the events say they come from. */
  readonly source: string;
  /**
   * No other instance is given this table's records, so what was relayed in one batch is known in the next. Otherwise an
   * instance would take for holes what others have relayed. Default false: rooms are known for one batch.
   */
  readonly isOnlyInstance?: boolean;
  /** Default 100,000. */
  readonly maxRooms?: number;
  /** Bytes of what is sent at once. Default 1 MiB. */
  readonly maxBatchBytes?: number;
  /** How long before the end of its time the function answers with what it has done. Default 3,000. */
  readonly answerMarginMs?: number;
}

export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** The first record that was not relayed, for Lambda to begin with again; none when all were. */
export interface LambdaBatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export type RelayHandler = (event: LambdaStreamEvent, context: LambdaContext) => Promise<LambdaBatchAnswer>;

/** The function has no more time. What is under way may still be stored; it is repeated. */
class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

const DEFAULTS = { isOnlyInstance: false, maxRooms: 100_000, maxBatchBytes: 1024 * 1024, answerMarginMs: 3_000 };

/** Relays what an event source mapping hands over: the worker's core, with Lambda in the place of leases and checkpoints. */
export function createRelayHandler(options: RelayHandlerDeps): RelayHandler {
  const deps = { ...DEFAULTS, ...options };
  let known: RoomOrder | undefined;

  return async (event, context) => {
    const records = event.Records.map((record) => toChangeRecord(record, deps.toChange));
    const [first] = records;
    if (first === undefined) return { batchItemFailures: [] };
    const order = known ?? createRoomOrder(deps.maxRooms);
    // To decide to emit is to count as emitted: unless this batch ends well, what is known is worth nothing.
    known = undefined;
    const metrics = createRelayMetrics(new Registry());
    const outOfTime = new AbortController();
    const timer = setTimeout(
      () => outOfTime.abort(new OutOfTimeError("the function's time is over")),
      Math.max(0, context.getRemainingTimeInMillis() - deps.answerMarginMs),
    );
    const batch = startBatch(deps, {
      ...{ order, metrics, records },
      streamArn: event.Records[0]?.eventSourceARN ?? "",
      signal: outOfTime.signal,
    });
    const error = await batch.done.finally(() => clearTimeout(timer));
    const lagMs = deps.clock.nowMs() - first.committedAtMs;
    const figures = { records: records.length, lagMs, ...(await figuresOf(metrics)) };
    if (error === undefined) {
      if (deps.isOnlyInstance) known = order;
      deps.log.info(figures, "relayed a batch");
      return { batchItemFailures: [] };
    }
    const failed = records[records.findIndex(({ sequenceNumber }) => sequenceNumber === batch.reached()) + 1] ?? first;
    tellFailure(deps.log, error, { ...figures, failedSequenceNumber: failed.sequenceNumber });
    return { batchItemFailures: [{ itemIdentifier: failed.sequenceNumber }] };
  };
}

interface Batch {
  readonly order: RoomOrder;
  readonly metrics: RelayMetrics;
  readonly records: readonly ChangeRecord[];
  readonly streamArn: string;
  readonly signal: AbortSignal;
}

/** `done`: with what it failed, when all before the first failure is acknowledged or the time is over. Never rejects. */
function startBatch(deps: RelayHandlerDeps & typeof DEFAULTS, batch: Batch) {
  const { clock, log, topics, source, store } = deps;
  const { metrics, order, signal } = batch;
  let reached: string | undefined;
  const sink = openUntil(signal, deps.sink);
  const pipeline = createEventPipeline({
    sink: {
      async send(events) {
        await sink.send(events);
        metrics.events.inc(events.length);
      },
    },
    maxBatchBytes: deps.maxBatchBytes,
    onAcknowledged({ sequenceNumber }) {
      reached = sequenceNumber;
    },
  });
  const deadLetters = createDeadLetters({
    ...{ sink, clock, log, metrics },
    topic: deps.deadLetterTopic,
    shardId: batch.streamArn,
  });
  const changing: RelayChangesDeps = { store, metrics, order, pipeline, deadLetters };

  async function relay(): Promise<unknown> {
    let block: unknown;
    try {
      await relayChanges(changing, batch.records, { topics, source, relayedAtMs: clock.nowMs() });
    } catch (error) {
      block = error;
    }
    try {
      await pipeline.settle();
    } catch (error) {
      return error;
    }
    return block;
  }

  const overtaken = new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
  return { done: Promise.race([relay(), overtaken]), reached: () => reached };
}

/** After its time nothing more is begun: a batch that was answered for must not go on beside its repetition. */
function openUntil(signal: AbortSignal, sink: EventSink): EventSink {
  return {
    async send(events) {
      signal.throwIfAborted();
      await sink.send(events);
    },
  };
}

function tellFailure(log: Log, error: unknown, fields: object): void {
  if (error instanceof ShardBlockedError)
    log.error({ error, why: error.why, ...fields }, `the relay stands still: ${error.message}`);
  else log.warn({ error, ...fields }, "the relay tries a batch again");
}

async function figuresOf({ events, repeats, healed, dead }: RelayMetrics) {
  const [eventCount, repeatCount, healedCount, deadCount] = await Promise.all([events, repeats, healed, dead].map(sum));
  return { events: eventCount, repeats: repeatCount, healed: healedCount, dead: deadCount };
}

async function sum(counter: Counter<string>): Promise<number> {
  return (await counter.get()).values.reduce((total, { value }) => total + value, 0);
}
