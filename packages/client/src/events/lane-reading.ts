import type { AnyEvent, GapEvent } from "./handlers.ts";
import type { Healer } from "./healer.ts";
import { holeBefore, type Lane } from "./lane.ts";
import type { LaneHost } from "./lane-host.ts";
import type { ConsumerMeter } from "./metrics.ts";
import { pauseMs } from "./pause-ms.ts";
import type { PositionStore } from "./position-store.ts";
import { type ConsumerWarning, gapWarning, healWarning, positionWarning } from "./warning.ts";

/** What reading for lanes needs. */
export interface LaneReadingDeps {
  readonly group: string;
  readonly positions: Pick<PositionStore<never>, "load"> | undefined;
  readonly healer: Healer;
  readonly meter: ConsumerMeter;
  readonly random: () => number;
  readonly warn: (warning: ConsumerWarning) => void;
  readonly fail: (error: unknown) => void;
}

/** Reads what lanes wait for; each ends in an input of the lane, unless the lane has been given up meanwhile. */
export interface LaneReading {
  /** Asks the position store where the room is. */
  place(lane: Lane): Promise<void>;
  /** Reads what is missing before the first event. */
  heal(lane: Lane): Promise<void>;
  /** Reads the next entries of a parked room that goes on. */
  replay(lane: Lane): Promise<void>;
}

const MAX_BACKOFF_MS = 10_000;
/** The table is ahead of the topic, so this is a server that has not heard of it: it will have in a moment. */
const STALE_PAUSE_MS = 200;

/** Reads for the lanes of one partition. */
export function createLaneReading(deps: LaneReadingDeps, host: LaneHost): LaneReading {
  const { stopping } = host;

  async function place(lane: Lane): Promise<void> {
    const { turn } = lane;
    for (let tries = 0; lane.turn === turn && !stopping.aborted; tries++) {
      try {
        const position = await deps.positions?.load(deps.group, lane.roomId);
        if (lane.turn !== turn) return;
        if (position !== undefined) host.positions.set(lane.roomId, position);
        lane.isPlaced = true;
        return host.input(lane, "placed");
      } catch (error) {
        if ((tries & (tries + 1)) === 0) deps.warn(positionWarning(lane.roomId, error));
        await pauseMs(deps.random() * Math.min(MAX_BACKOFF_MS, 100 * 2 ** tries), stopping);
      }
    }
  }

  async function heal(lane: Lane): Promise<void> {
    const { turn } = lane;
    const [first] = lane.queue;
    if (!first) return;
    const hole = holeBefore(first.event, host.positions.get(lane.roomId));
    try {
      const { items } = await deps.healer.fill(hole, stopping);
      if (lane.turn !== turn || stopping.aborted) deps.healer.release(items.length);
      else take(lane, items, first.record.offset);
    } catch (error) {
      if (!stopping.aborted) deps.fail(error);
    }
  }

  async function replay(lane: Lane): Promise<void> {
    const { turn, roomId, replay: state } = lane;
    while (state && lane.turn === turn && !stopping.aborted) {
      try {
        const { items, atEnd } = await deps.healer.fill(
          { roomId, firstSeq: state.nextSeq, lastSeq: undefined },
          stopping,
        );
        if (lane.turn !== turn || stopping.aborted) return deps.healer.release(items.length);
        state.atEnd = atEnd;
        if (items.length > 0) return take(lane, items, state.letter.offset);
        if (state.passedSeq < state.nextSeq) return host.input(lane, "caughtUp");
        deps.warn(healWarning(roomId, state.nextSeq, new Error(`the table ends before entry ${state.passedSeq}`)));
        await pauseMs(STALE_PAUSE_MS, stopping);
      } catch (error) {
        if (lane.turn !== turn || stopping.aborted) return;
        lane.failure = error;
        return host.input(lane, "toBeParked");
      }
    }
  }

  function take(lane: Lane, items: readonly (AnyEvent | GapEvent)[], offset: bigint): void {
    const readAt = new Date();
    let healedCount = 0;
    for (const what of items) {
      if (what.kind === "gap") {
        deps.meter.gapTold(what.reason, what.lastMissingSeq - what.firstMissingSeq + 1);
        deps.warn(gapWarning(what));
      } else {
        healedCount++;
      }
      lane.fill.push({ what, readAt, offset });
    }
    if (healedCount > 0 && !lane.replay) deps.meter.healed(healedCount);
    host.input(lane, healedCount > 0 ? "healed" : "unfillable");
  }

  return { place, heal, replay };
}
