import type { PartitionClaim } from "@maru/kafka";
import { createOffsetTracker } from "./commit.ts";
import { HandlerFailedError } from "./errors.ts";
import { createHandOver, type HandOverDeps } from "./hand-over.ts";
import type { HandlerSlots } from "./handler-slots.ts";
import type { Healer } from "./healer.ts";
import type { WaitingRoom } from "./lag.ts";
import {
  createLane,
  type Deliverable,
  type FetchedEvent,
  firstOf,
  holeBefore,
  type Lane,
  placeOf,
  type QueuedEvent,
  seqsOf,
} from "./lane.ts";
import { createPartitionCommits } from "./partition-commits.ts";
import { pauseMs } from "./pause-ms.ts";
import { createPositions } from "./positions.ts";
import { type HandlerRetryPolicy, handlerBackoffMs } from "./retry.ts";
import { type LaneAction, type LaneInput, laneTable } from "./room-lane.ts";
import { type ConsumerWarning, failureWarning, gapWarning, positionWarning } from "./warning.ts";

/** What the work on a partition needs. */
export interface PartitionWorkDeps<Tx> extends HandOverDeps<Tx> {
  readonly slots: HandlerSlots;
  readonly healer: Healer;
  readonly retry: HandlerRetryPolicy;
  readonly commitIntervalMs: number;
  /** How many rooms' positions are remembered. */
  readonly maxRooms: number;
  /** Aborts when the time for stopping is over. */
  readonly drainSignal: AbortSignal;
  readonly random: () => number;
  readonly warn: (warning: ConsumerWarning) => void;
  /** Is told what must stop the consumer. */
  readonly fail: (error: unknown) => void;
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

/** Fetching pauses above any of these, and goes on below half of all. */
const BACKLOG_LIMITS = { events: 1000, bytes: 8 * 1024 * 1024, uncommitted: 20_000 };

/** The wait before the position store is asked again doubles up to this. */
const MAX_PLACING_BACKOFF_MS = 10_000;

/** Hands the events of each room over one after the other, and commits below the first that is not done. */
export function createPartitionWork<Tx>(deps: PartitionWorkDeps<Tx>, claim: PartitionClaim): PartitionWork {
  const offsets = createOffsetTracker();
  const positions = createPositions(deps.maxRooms);
  const commits = createPartitionCommits(
    { offsets, intervalMs: deps.commitIntervalMs, fail: deps.fail, stored: () => deps.observation.meter.committed() },
    claim,
  );
  const { meter } = deps.observation;
  let lastTakenMs: number | undefined;
  const signal = AbortSignal.any([claim.signal, deps.drainSignal]);
  const stopping = new AbortController();
  const handOver = createHandOver(deps, { topic: claim.topic, partition: claim.partition, signal });
  const lanes = new Map<string, Lane>();
  const backlog = { events: 0, bytes: 0 };
  let paused = false;
  let stopped = false;

  const acts: Record<LaneAction, (lane: Lane) => void> = {
    handle: begin,
    place: (lane) => void place(lane),
    heal: (lane) => void heal(lane),
    goOn() {},
    drop(lane) {
      meter.repeatDropped();
      finishQueued(lane);
    },
    finish(lane) {
      const first = firstOf(lane);
      if (first) positions.set(lane.roomId, seqsOf(first.what).lastSeq);
      finishFirst(lane);
    },
    wait() {},
    retryLater(lane) {
      meter.retried();
      const waitMs = handlerBackoffMs(deps.retry, lane.attempts, deps.random()) ?? 0;
      lane.timer = setTimeout(input, waitMs, lane, "backoffOver");
    },
    fail(lane) {
      const first = firstOf(lane);
      if (!first) return;
      const { topic, partition } = claim;
      const what = { roomId: lane.roomId, seq: seqsOf(first.what).firstSeq };
      const at = { topic, partition, offset: first.offset };
      deps.fail(new HandlerFailedError(what, at, lane.attempts, lane.failure));
    },
    leave(lane) {
      clearTimeout(lane.timer);
    },
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
    while (lane.state === "following") {
      const turn = turnOf(lane);
      if (turn === undefined) {
        lanes.delete(lane.roomId);
        break;
      }
      step(lane, turn);
    }
    regulate();
  }

  /** What comes first now is to the room. */
  function turnOf(lane: Lane): LaneInput | undefined {
    if (lane.fill.length > 0) return "next";
    const [queued] = lane.queue;
    return queued && placed(lane, queued);
  }

  function placed(lane: Lane, { event }: QueuedEvent): LaneInput {
    const position = positions.get(lane.roomId);
    if (position === undefined && deps.positions && !lane.isPlaced) return "unplaced";
    return placeOf(event, position);
  }

  async function place(lane: Lane): Promise<void> {
    for (let tries = 0; !stopping.signal.aborted && !signal.aborted; tries++) {
      try {
        const position = await deps.positions?.load(deps.group, lane.roomId);
        if (position !== undefined) positions.set(lane.roomId, position);
        lane.isPlaced = true;
        return input(lane, "placed");
      } catch (error) {
        if ((tries & (tries + 1)) === 0) deps.warn(positionWarning(lane.roomId, error));
        const waitMs = deps.random() * Math.min(MAX_PLACING_BACKOFF_MS, 100 * 2 ** tries);
        await pauseMs(waitMs, AbortSignal.any([signal, stopping.signal]));
      }
    }
  }

  async function heal(lane: Lane): Promise<void> {
    const [first] = lane.queue;
    if (!first) return;
    const hole = holeBefore(first.event, positions.get(lane.roomId));
    const healing = AbortSignal.any([signal, stopping.signal]);
    try {
      const { items } = await deps.healer.fill(hole, healing);
      if (lane.state !== "healing") return deps.healer.release(items.length);
      const readAt = new Date();
      for (const what of items) {
        if (what.kind === "gap") {
          meter.gapTold(what.reason, what.lastMissingSeq - what.firstMissingSeq + 1);
          deps.warn(gapWarning(what));
        }
        lane.fill.push({ what, readAt, offset: first.record.offset });
      }
      const healedCount = items.filter(({ kind }) => kind !== "gap").length;
      if (healedCount > 0) meter.healed(healedCount);
      input(lane, healedCount > 0 ? "healed" : "unfillable");
    } catch (error) {
      if (!healing.aborted) deps.fail(error);
    }
  }

  function begin(lane: Lane): void {
    const first = firstOf(lane);
    if (!first) return;
    if (handOver.isAwaited(first.what)) {
      deps.slots.run(lane.roomId, () => deliver(lane, first));
    } else {
      handOver.passOver(first.what);
      step(lane, "handled");
    }
  }

  async function deliver(lane: Lane, first: Deliverable): Promise<void> {
    if (lane.state !== "handling") return;
    const attempt = ++lane.attempts;
    try {
      await handOver.deliver(first, { attempt, previousSeq: positions.get(lane.roomId) });
    } catch (error) {
      lane.failure = error;
      const isLast = attempt >= deps.retry.maxAttempts;
      if (!signal.aborted && (stopped || !isLast)) deps.warn(failureWarning(first.what, attempt, error));
      return input(lane, isLast ? "exhausted" : "failed");
    }
    input(lane, "handled");
  }

  function finishFirst(lane: Lane): void {
    if (lane.fill.shift() === undefined) {
      finishQueued(lane);
    } else {
      lane.attempts = 0;
      if (!stopped) deps.healer.release(1);
    }
  }

  function finishQueued(lane: Lane): void {
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
    const lane = lanes.get(roomId) ?? createLane(roomId);
    lanes.set(roomId, lane);
    return lane;
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
        input(lane, placed(lane, queued));
      }
    },
    stop() {
      if (stopped) return;
      stopped = true;
      stopping.abort();
      for (const lane of lanes.values()) {
        deps.healer.release(lane.fill.length);
        input(lane, "stop");
      }
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

function sizeOf({ record }: FetchedEvent): number {
  return record.value?.byteLength ?? 0;
}
