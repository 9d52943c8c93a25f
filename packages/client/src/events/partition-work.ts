import type { PartitionClaim } from "@maru/kafka";
import { createBacklog } from "./backlog.ts";
import { createOffsetTracker } from "./commit.ts";
import { HandlerFailedError } from "./errors.ts";
import { createFastPath } from "./fast-path.ts";
import { createHandOver, type HandOverDeps } from "./hand-over.ts";
import type { HandlerSlots } from "./handler-slots.ts";
import type { AnyEvent, GapEvent } from "./handlers.ts";
import type { Healer } from "./healer.ts";
import type { WaitingRoom } from "./lag.ts";
import {
  createLane,
  type Deliverable,
  type FetchedEvent,
  firstOf,
  type Lane,
  placeOf,
  type QueuedEvent,
  seqsOf,
} from "./lane.ts";
import type { LaneHost } from "./lane-host.ts";
import { createLaneLetters } from "./lane-letters.ts";
import { createLaneReading } from "./lane-reading.ts";
import type { Letters } from "./letters.ts";
import { LoopLeftError } from "./loop-left-error.ts";
import type { FailurePolicy } from "./options.ts";
import { createPartitionCommits } from "./partition-commits.ts";
import { createPositions } from "./positions.ts";
import { createRedeliveries } from "./redeliveries.ts";
import { type HandlerRetryPolicy, handlerBackoffMs } from "./retry.ts";
import { type LaneAction, type LaneInput, laneTable } from "./room-lane.ts";
import { createSkippedPositions } from "./skipped-positions.ts";
import { type ConsumerWarning, failureWarning } from "./warning.ts";

/** What the work on a partition needs. */
export interface PartitionWorkDeps<Tx> extends HandOverDeps<Tx> {
  readonly slots: HandlerSlots;
  readonly healer: Healer;
  /** Undefined where a group that stops at a failure never had any. */
  readonly letters: Letters | undefined;
  readonly onFailure: FailurePolicy;
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
  /** Takes fetched events, in the order of their offsets. Throws what `fetched` throws; what came before is taken. */
  take(fetched: Iterable<FetchedEvent>): void;
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

/** What a lane hears when its handler failed for the last time. */
const giveUpInput: Record<FailurePolicy, LaneInput> = { park: "toBeParked", skip: "toBeSkipped", stop: "exhausted" };

/** Hands the events of each room over one after the other, and commits below the first that is not done. */
export function createPartitionWork<Tx>(deps: PartitionWorkDeps<Tx>, claim: PartitionClaim): PartitionWork {
  const { letters, healer, slots } = deps;
  const { meter } = deps.observation;
  const { topic, partition } = claim;
  const offsets = createOffsetTracker();
  const positions = createPositions(deps.maxRooms);
  const commits = createPartitionCommits(
    { offsets, intervalMs: deps.commitIntervalMs, fail: deps.fail, stored: () => meter.committed() },
    claim,
  );
  const signal = AbortSignal.any([claim.signal, deps.drainSignal]);
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  const handOver = createHandOver(deps, { topic, partition, signal });
  const skippedPositions = createSkippedPositions(deps, stopping);
  const lanes = new Map<string, Lane>();
  const backlog = createBacklog(claim, offsets);
  const arrived: Iterable<FetchedEvent>[] = [];
  let isTaking = false;
  let isStopped = false;
  let lastTakenMs: number | undefined;

  const host: LaneHost = {
    claim,
    positions,
    stopping,
    confirm: commits.confirm,
    laneOf,
    busyLane: (roomId) => lanes.get(roomId),
    input,
  };
  const reading = createLaneReading({ ...deps, meter }, host);
  const laneLetters = letters && openLetters(letters);
  const isBusy = (roomId: string) => lanes.size > 0 && lanes.has(roomId);
  const fastPath =
    deps.positions === undefined
      ? createFastPath({ partition, handOver, slots, letters, positions, offsets, meter, isBusy, adopt })
      : undefined;

  const acts: Record<LaneAction, (lane: Lane) => void> = {
    handle: begin,
    place: (lane) => void reading.place(lane),
    heal: (lane) => void reading.heal(lane),
    replay: (lane) => void reading.replay(lane),
    skip: (lane) => void laneLetters?.giveUp(lane, "skipped"),
    park: (lane) => void laneLetters?.giveUp(lane, "parked"),
    release: (lane) => void laneLetters?.release(lane),
    goOn() {},
    wait() {},
    drop(lane) {
      meter.repeatDropped();
      finishQueued(lane);
    },
    passBy(lane) {
      const seq = lane.queue[0]?.event.seq ?? 0;
      if (lane.replay) lane.replay.passedSeq = Math.max(lane.replay.passedSeq, seq);
      finishQueued(lane);
    },
    clear(lane) {
      clearTimeout(lane.timer);
      lane.turn++;
      lane.replay = undefined;
      lane.isPlaced = false;
      while (lane.fill.length > 0 || lane.queue.length > 0) finishFirst(lane);
    },
    finish(lane) {
      const first = firstOf(lane);
      if (first) positions.set(lane.roomId, seqsOf(first.what).lastSeq);
      finishFirst(lane);
    },
    advance,
    retryLater(lane) {
      meter.retried();
      const waitMs = handlerBackoffMs(deps.retry, lane.attempts, deps.random()) ?? 0;
      lane.timer = setTimeout(input, waitMs, lane, "backoffOver");
    },
    fail(lane) {
      const first = firstOf(lane);
      if (!first) return;
      const what = { roomId: lane.roomId, seq: seqsOf(first.what).firstSeq };
      deps.fail(new HandlerFailedError(what, { topic, partition, offset: first.offset }, lane.attempts, lane.failure));
    },
    leave: (lane) => clearTimeout(lane.timer),
    impossible: (lane) => deps.fail(new Error(`the lane of room ${lane.roomId} got what it cannot get`)),
  };

  function openLetters(open: Letters) {
    const { retry, random, warn, fail } = deps;
    const forRedelivery = { letters: open, healer, slots, skippedPositions, retry, random, meter, warn, fail };
    const redeliveries = createRedeliveries(forRedelivery, handOver, stopping);
    const { group } = deps;
    return createLaneLetters({ group, letters: open, redeliveries, skippedPositions, meter, warn, fail }, host);
  }

  function step(lane: Lane, what: LaneInput): void {
    const { to, act } = laneTable[lane.state][what];
    lane.state = to;
    acts[act](lane);
  }

  /** A step, and all that follows from it without waiting. */
  function input(lane: Lane, what: LaneInput): void {
    step(lane, what);
    for (let turn = turnOf(lane); turn !== undefined; turn = turnOf(lane)) step(lane, turn);
    const isIdle = lane.state === "following" || (lane.state === "parked" && !lane.replay);
    if (isIdle) lanes.delete(lane.roomId);
    else lanes.set(lane.roomId, lane);
    backlog.regulate();
  }

  /** What comes first now is to a room that nothing holds up. */
  function turnOf(lane: Lane): LaneInput | undefined {
    if (lane.state !== "following") return undefined;
    if (lane.fill.length > 0) return "next";
    const [queued] = lane.queue;
    return queued && placed(lane, queued);
  }

  function placed(lane: Lane, { event }: QueuedEvent): LaneInput {
    const position = positions.get(lane.roomId);
    if (position === undefined && deps.positions && !lane.isPlaced) return "unplaced";
    return placeOf(event, position);
  }

  function begin(lane: Lane): void {
    const first = firstOf(lane);
    if (!first) return;
    if (wasSkipped(first)) {
      if (deps.positions) void passSkipped(lane, first);
      else dropSkipped(lane, step);
    } else if (handOver.isAwaited(first.what)) {
      const { turn } = lane;
      slots.run(lane.roomId, () => deliver(lane, turn, first));
    } else {
      handOver.passOver(first.what);
      step(lane, "handled");
    }
  }

  /** It was put among the dead letters, and that was not committed any more. */
  function wasSkipped({ what }: Deliverable): boolean {
    return what.kind !== "gap" && letters?.skipped(partition, what.roomId, what.seq) !== undefined;
  }

  function dropSkipped(lane: Lane, told: (lane: Lane, what: LaneInput) => void): void {
    meter.repeatDropped();
    told(lane, "handled");
  }

  /** Whoever skipped it may not have come to store that the room is beyond it. */
  async function passSkipped(lane: Lane, { what }: Deliverable): Promise<void> {
    const { turn, roomId } = lane;
    const isPassed = await skippedPositions.passBy(roomId, seqsOf(what).lastSeq, positions.get(roomId));
    if (isPassed && lane.turn === turn) dropSkipped(lane, input);
  }

  async function deliver(lane: Lane, turn: number, first: Deliverable): Promise<void> {
    if (lane.turn !== turn || (lane.state !== "handling" && lane.state !== "rehandling")) return;
    const attempt = ++lane.attempts;
    const outcome = handOver.deliver(first, { attempt, previousSeq: positions.get(lane.roomId) });
    await settle(lane, turn, first.what, outcome);
  }

  /** The handler of what comes first was called: waits for its end. */
  async function settle(lane: Lane, turn: number, what: AnyEvent | GapEvent, outcome: Promise<void>): Promise<void> {
    const attempt = lane.attempts;
    try {
      await outcome;
    } catch (error) {
      if (lane.turn !== turn) return;
      lane.failure = error;
      lane.firstFailedAt ??= new Date();
      const isLast = attempt >= deps.retry.maxAttempts;
      const isTold = !signal.aborted && !(error instanceof LoopLeftError);
      if (isTold && (stop.signal.aborted || !isLast)) deps.warn(failureWarning(what, attempt, error));
      const policy = lane.replay && deps.onFailure === "skip" ? "park" : deps.onFailure;
      if (isLast && policy === "skip") {
        const isProcessed = await skippedPositions.isProcessed(lane.roomId, seqsOf(what).lastSeq);
        if (lane.turn !== turn) return;
        if (isProcessed) return input(lane, "handled");
      }
      return input(lane, isLast ? giveUpInput[policy] : "failed");
    }
    if (lane.turn === turn) input(lane, "handled");
  }

  /** The first entry of a replay is done: the next one follows, or more must be read, or the topic takes over. */
  function advance(lane: Lane): void {
    const { replay } = lane;
    const first = firstOf(lane);
    if (!replay || !first) return;
    const { lastSeq } = seqsOf(first.what);
    positions.set(lane.roomId, lastSeq);
    replay.nextSeq = lastSeq + 1;
    finishFirst(lane);
    if (lane.fill.length > 0) {
      begin(lane);
    } else if (replay.atEnd && replay.passedSeq <= lastSeq) {
      step(lane, "caughtUp");
    } else {
      if (!replay.atEnd) laneLetters?.progress(lane);
      step(lane, "ranOut");
    }
  }

  function finishFirst(lane: Lane): void {
    if (lane.fill.shift() === undefined) {
      finishQueued(lane);
    } else {
      forgetFailures(lane);
      if (!stop.signal.aborted) healer.release(1);
    }
  }

  function finishQueued(lane: Lane): void {
    const first = lane.queue.shift();
    if (!first) return;
    if (lane.fill.length === 0) forgetFailures(lane);
    backlog.remove(first);
    offsets.finish(first.taken);
    commits.moved();
  }

  function laneOf(roomId: string): Lane {
    const lane = lanes.get(roomId) ?? createLane(roomId, isParked(roomId) ? "parked" : "following");
    lanes.set(roomId, lane);
    return lane;
  }

  /** A letter of work that was taken away holds nothing up when what failed there has been done here. */
  function isParked(roomId: string): boolean {
    const letter = letters?.parked(partition, roomId);
    return letter !== undefined && (positions.get(roomId) ?? 0) < letter.seq;
  }

  function takeAll(fetched: Iterable<FetchedEvent>): void {
    for (const one of fetched) {
      if (isStopped) return;
      lastTakenMs = one.record.timestampMs;
      if (fastPath?.(one)) continue;
      const lane = laneOf(one.event.roomId);
      input(lane, placed(lane, enqueue(lane, one)));
    }
  }

  function enqueue(lane: Lane, { event, record, receivedAt }: FetchedEvent): QueuedEvent {
    const queued = { event, record, receivedAt, taken: offsets.take(record.offset) };
    lane.queue.push(queued);
    backlog.add(queued);
    return queued;
  }

  /** The handler of an event was called before there was a lane: the lane waits for it as if it had begun it. */
  function adopt(fetched: FetchedEvent, what: AnyEvent, outcome: Promise<void>): void {
    const lane = laneOf(what.roomId);
    enqueue(lane, fetched);
    lane.state = laneTable.following.next.to;
    lane.attempts = 1;
    const ending = settle(lane, lane.turn, what, outcome);
    slots.run(lane.roomId, () => ending);
    if (isStopped) input(lane, "stop");
  }

  laneLetters?.start();

  return {
    take(fetched) {
      arrived.push(fetched);
      if (isTaking) return; // a handler made more come: that is taken when it has ended
      isTaking = true;
      try {
        for (let next = arrived.shift(); next !== undefined; next = arrived.shift()) takeAll(next);
      } finally {
        isTaking = false;
        arrived.length = 0;
        commits.moved();
        backlog.regulate();
      }
    },
    stop() {
      if (isStopped) return;
      isStopped = true;
      backlog.stop();
      for (const lane of lanes.values()) healer.release(lane.fill.length);
      stop.abort();
      for (const lane of [...lanes.values()]) input(lane, "stop");
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

function forgetFailures(lane: Lane): void {
  lane.attempts = 0;
  lane.firstFailedAt = undefined;
}
