import type { ConsumedRecord, PartitionClaim } from "@maru/kafka";
import { createOffsetTracker, type TakenOffset } from "./commit.ts";
import { HandlerFailedError } from "./errors.ts";
import type { HandlerSlots } from "./handler-slots.ts";
import { type AnyEvent, type DeliveryFacts, type GapEvent, type Handlers, handlerOf } from "./handlers.ts";
import type { WaitingRoom } from "./lag.ts";
import type { Observation } from "./observation.ts";
import { createPartitionCommits } from "./partition-commits.ts";
import type { PositionStore } from "./position-store.ts";
import { createPositions } from "./positions.ts";
import { type HandlerRetryPolicy, handlerBackoffMs } from "./retry.ts";
import { type LaneAction, type LaneInput, type LaneState, laneTable, placeInRoom } from "./room-lane.ts";
import type { ConsumerWarning } from "./warning.ts";

/** What the work on a partition needs. */
export interface PartitionWorkDeps<Tx> {
  readonly group: string;
  readonly handlers: Handlers<Tx>;
  /** Stores the position of a room with what a handler writes. */
  readonly positions: PositionStore<Tx> | undefined;
  readonly observation: Observation;
  readonly slots: HandlerSlots;
  readonly retry: HandlerRetryPolicy;
  readonly commitIntervalMs: number;
  /** How many rooms' positions are remembered. */
  readonly maxRooms: number;
  /** Aborts when the time for stopping is over. */
  readonly drainSignal: AbortSignal;
  readonly random: () => number;
  readonly warn: (warning: ConsumerWarning) => void;
  /** Is told when an event has no handler. */
  readonly skipped: (event: AnyEvent) => void;
  /** Is told what must stop the consumer. */
  readonly fail: (error: unknown) => void;
}

/** An event that was fetched, and the record that it came in. */
export interface FetchedEvent {
  readonly event: AnyEvent;
  readonly record: ConsumedRecord;
  readonly receivedAt: Date;
}

/** The rooms of one partition, for as long as it is assigned. */
export interface PartitionWork {
  /** Takes fetched events, in the order of their offsets. */
  take(fetched: readonly FetchedEvent[]): void;
  /** Nothing more begins; what runs may end, and then counts as done. */
  stop(): void;
  /** The first offset that is not done. */
  readonly nextOffset: bigint;
  /** When Kafka was given the event that was taken last. */
  readonly lastTakenMs: number | undefined;
  /** The rooms with events that are not done. */
  waitingRooms(): WaitingRoom[];
  /** See `PartitionCommits`. */
  commitNow(): Promise<void>;
  /** See `PartitionCommits`. */
  commitLast(): Promise<void>;
}

interface QueuedEvent extends FetchedEvent {
  readonly taken: TakenOffset;
}

interface Lane {
  readonly roomId: string;
  state: LaneState;
  readonly queue: QueuedEvent[];
  /** How often the first event was handed over. */
  attempts: number;
  /** Not told yet. */
  gap: GapEvent | undefined;
  failure: unknown;
  timer: NodeJS.Timeout | undefined;
}

/** Fetching pauses above any of these, and goes on below half of all. */
const BACKLOG_LIMITS = { events: 1000, bytes: 8 * 1024 * 1024, uncommitted: 20_000 };

/** Hands the events of each room over one after the other, and commits below the first that is not done. */
export function createPartitionWork<Tx>(deps: PartitionWorkDeps<Tx>, claim: PartitionClaim): PartitionWork {
  const offsets = createOffsetTracker();
  const positions = createPositions(deps.maxRooms);
  const commits = createPartitionCommits(
    { offsets, intervalMs: deps.commitIntervalMs, fail: deps.fail, stored: () => deps.observation.meter.committed() },
    claim,
  );
  const signal = AbortSignal.any([claim.signal, deps.drainSignal]);
  const lanes = new Map<string, Lane>();
  const backlog = { events: 0, bytes: 0 };
  const { meter } = deps.observation;
  let lastTakenMs: number | undefined;
  let paused = false;
  let stopped = false;

  const acts: Record<LaneAction, (lane: Lane) => void> = {
    handle: begin,
    tellGap(lane) {
      const gap = toGap(lane, positions.get(lane.roomId) ?? 0);
      if (gap) {
        meter.gapTold(gap.reason, gap.lastMissingSeq - gap.firstMissingSeq + 1);
        deps.warn(gapWarning(gap));
      }
      if (deps.handlers.gap) lane.gap = gap;
      begin(lane);
    },
    drop(lane) {
      meter.repeatDropped();
      finishFirst(lane);
    },
    finish(lane) {
      const seq = lane.queue[0]?.event.seq;
      if (seq !== undefined) positions.set(lane.roomId, seq);
      finishFirst(lane);
    },
    wait() {},
    retryLater(lane) {
      meter.retried();
      const waitMs = handlerBackoffMs(deps.retry, lane.attempts, deps.random()) ?? 0;
      lane.timer = setTimeout(input, waitMs, lane, "backoffOver");
    },
    fail(lane) {
      const first = lane.queue[0];
      if (first) deps.fail(new HandlerFailedError(first.event, first.record, lane.attempts, lane.failure));
    },
    leave: (lane) => clearTimeout(lane.timer),
    impossible: (lane) => deps.fail(new Error(`the lane of room ${lane.roomId} got what it cannot get`)),
  };

  function step(lane: Lane, what: LaneInput): void {
    const { to, act } = laneTable[lane.state][what];
    lane.state = to;
    acts[act](lane);
  }

  /** A step, and all that follows from it without waiting. */
  function input(lane: Lane, what: LaneInput): void {
    step(lane, what);
    for (let first = lane.queue[0]; first && lane.state === "following"; first = lane.queue[0]) {
      step(lane, placeInRoom(positions.get(lane.roomId), first.event.seq));
    }
    if (lane.state === "following") lanes.delete(lane.roomId);
    regulate();
  }

  function begin(lane: Lane): void {
    const first = lane.queue[0];
    if (!first) return;
    if (lane.gap || handlerOf(deps.handlers, first.event)) {
      deps.slots.run(lane.roomId, () => handOver(lane, first));
    } else {
      passOver(first.event);
      step(lane, "handled");
    }
  }

  async function handOver(lane: Lane, first: QueuedEvent): Promise<void> {
    if (lane.state !== "handling") return;
    const facts = toContext(first, ++lane.attempts);
    try {
      const handler = handlerOf(deps.handlers, first.event);
      const handle = () =>
        process(lane, first, async (tx) => {
          const ctx = { ...facts, tx };
          if (lane.gap) await deps.handlers.gap?.(lane.gap, ctx);
          if (!deps.positions) lane.gap = undefined;
          await handler?.(first.event, ctx);
        });
      if (handler) {
        await deps.observation.around(first.event, facts, handle);
      } else {
        await handle();
        passOver(first.event);
      }
      lane.gap = undefined;
    } catch (error) {
      lane.failure = error;
      const isLast = lane.attempts >= deps.retry.maxAttempts;
      if (!signal.aborted && (stopped || !isLast)) deps.warn(failureWarning(first.event, lane.attempts, error));
      return input(lane, isLast ? "exhausted" : "failed");
    }
    input(lane, "handled");
  }

  async function process(lane: Lane, { event }: QueuedEvent, work: (tx: Tx) => Promise<void>) {
    const { roomId, seq } = event;
    if (deps.positions) {
      return deps.positions.process({ group: deps.group, roomId, seq, previousSeq: positions.get(lane.roomId) }, work);
    }
    await work(undefined as Tx); // Without a store, handlers are typed for a Tx that is undefined.
    return "processed" as const;
  }

  function passOver(event: AnyEvent): void {
    deps.skipped(event);
    deps.observation.passedOver(event);
  }

  function finishFirst(lane: Lane): void {
    const first = lane.queue.shift();
    if (!first) return;
    lane.attempts = 0;
    backlog.events--;
    backlog.bytes -= sizeOf(first);
    offsets.finish(first.taken);
    commits.moved();
  }

  function regulate(): void {
    const counts = { ...backlog, uncommitted: offsets.uncommittedCount };
    const isAbove = (share: number) =>
      counts.events > BACKLOG_LIMITS.events * share ||
      counts.bytes > BACKLOG_LIMITS.bytes * share ||
      counts.uncommitted > BACKLOG_LIMITS.uncommitted * share;
    if (stopped || paused === isAbove(paused ? 0.5 : 1)) return;
    paused = !paused;
    if (paused) claim.pause();
    else claim.resume();
  }

  function laneOf(roomId: string): Lane {
    let lane = lanes.get(roomId);
    if (!lane) {
      const state: LaneState = "following";
      lane = { roomId, state, queue: [], attempts: 0, gap: undefined, failure: undefined, timer: undefined };
      lanes.set(roomId, lane);
    }
    return lane;
  }

  function toContext({ record, receivedAt }: FetchedEvent, attempt: number): DeliveryFacts {
    const { topic, partition, offset, timestampMs } = record;
    const kafkaTimestamp = new Date(timestampMs);
    const handledAt = new Date();
    return { signal, attempt, group: deps.group, topic, partition, offset, kafkaTimestamp, receivedAt, handledAt };
  }

  return {
    take(fetched) {
      for (const one of fetched) {
        if (stopped) return;
        const lane = laneOf(one.event.roomId);
        lastTakenMs = one.record.timestampMs;
        const queued = { ...one, taken: offsets.take(one.record.offset) };
        lane.queue.push(queued);
        backlog.events++;
        backlog.bytes += sizeOf(queued);
        input(lane, placeInRoom(positions.get(lane.roomId), one.event.seq));
      }
    },
    stop() {
      if (stopped) return;
      stopped = true;
      for (const lane of lanes.values()) input(lane, "stop");
    },
    get nextOffset() {
      return offsets.next ?? claim.startOffset;
    },
    get lastTakenMs() {
      return lastTakenMs;
    },
    waitingRooms() {
      return [...lanes.values()].flatMap(({ roomId, queue }) => {
        const first = queue[0];
        if (!first) return [];
        return { roomId, eventCount: queue.length, seq: first.event.seq, kafkaMs: first.record.timestampMs };
      });
    },
    commitNow: commits.now,
    commitLast: commits.last,
  };
}

function toGap(lane: Lane, position: number): GapEvent | undefined {
  const first = lane.queue[0];
  if (!first) return undefined;
  return {
    roomId: lane.roomId,
    firstMissingSeq: position + 1,
    lastMissingSeq: first.event.seq - 1,
    reason: "notHealed",
  };
}

function gapWarning({ roomId, firstMissingSeq, lastMissingSeq }: GapEvent): ConsumerWarning {
  const range = firstMissingSeq === lastMissingSeq ? `${firstMissingSeq}` : `${firstMissingSeq} to ${lastMissingSeq}`;
  const message = `entries ${range} of room ${roomId} are missing in the topic, and are not handed over`;
  return { code: "gap", message, roomId, seq: firstMissingSeq };
}

function failureWarning({ roomId, seq }: AnyEvent, attempts: number, cause: unknown): ConsumerWarning {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `attempt ${attempts} of the handler failed for entry ${seq} of room ${roomId}, which comes again: ${why}`;
  return { code: "handlerFailed", message, roomId, seq, cause };
}

function sizeOf({ record }: FetchedEvent): number {
  return record.value?.byteLength ?? 0;
}
