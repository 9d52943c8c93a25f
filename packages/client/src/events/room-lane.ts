/**
 * What a room's lane is doing. `following`: nothing is being handled. `placing`: the room's position is being read from the
 * position store. `healing`: entries that are missing before the first event are being read from the table. `handling`: what
 * comes first is with the handler, or waits for a free slot. `backoff`: it failed, and will be handed over again. `stopped`:
 * nothing more begins.
 */
export type LaneState = "following" | "placing" | "healing" | "handling" | "backoff" | "stopped";

/**
 * What happens to a lane. An event came, or its turn did: `next`, `repeat`, `later` (entries are missing before it), or
 * `unplaced` (the position store must be asked first). The store said where the room is (`placed`). The table said what is
 * missing (`healed`), or that it cannot be had (`unfillable`). The handler ended: `handled`, `failed`, or `exhausted`, when it
 * failed for the last time. The wait was over (`backoffOver`). The lane is to stop (`stop`).
 */
export type LaneInput =
  | "next"
  | "repeat"
  | "later"
  | "unplaced"
  | "placed"
  | "healed"
  | "unfillable"
  | "handled"
  | "failed"
  | "exhausted"
  | "backoffOver"
  | "stop";

/**
 * What is done then. `handle`: hand over what comes first. `place`: ask the position store. `heal`: read what is missing from
 * the table. `goOn`: see what comes first now. `drop`: the first event is a repeat and done. `finish`: what came first is
 * done. `wait`: the event stays in the queue. `retryLater`: hand over again after a while. `fail`: the consumer stops.
 * `leave`: what is not done stays so, and comes again in the next assignment. `impossible`: a mistake in the code around the
 * lane.
 */
export type LaneAction =
  | "handle"
  | "place"
  | "heal"
  | "goOn"
  | "drop"
  | "finish"
  | "wait"
  | "retryLater"
  | "fail"
  | "leave"
  | "impossible";

/** The state after an input, and what is done. */
export interface LaneMove {
  readonly to: LaneState;
  readonly act: LaneAction;
}

type LaneRow = Readonly<Record<LaneInput, LaneMove>>;

const move = (to: LaneState, act: LaneAction): LaneMove => ({ to, act });

/** A row in which arriving events wait, and nothing else than stopping can happen unless it is said. */
function busyRow(state: LaneState, moves: Partial<LaneRow>): LaneRow {
  const wait = move(state, "wait");
  const never = move(state, "impossible");
  return {
    next: wait,
    repeat: wait,
    later: wait,
    unplaced: wait,
    placed: never,
    healed: never,
    unfillable: never,
    handled: never,
    failed: never,
    exhausted: never,
    backoffOver: never,
    stop: move("stopped", "leave"),
    ...moves,
  };
}

/** All that can happen to a lane. */
export const laneTable: Readonly<Record<LaneState, LaneRow>> = {
  following: busyRow("following", {
    next: move("handling", "handle"),
    repeat: move("following", "drop"),
    later: move("healing", "heal"),
    unplaced: move("placing", "place"),
  }),
  placing: busyRow("placing", {
    placed: move("following", "goOn"),
  }),
  healing: busyRow("healing", {
    healed: move("following", "goOn"),
    unfillable: move("following", "goOn"),
  }),
  handling: busyRow("handling", {
    handled: move("following", "finish"),
    failed: move("backoff", "retryLater"),
    exhausted: move("stopped", "fail"),
  }),
  backoff: busyRow("backoff", {
    backoffOver: move("handling", "handle"),
  }),
  stopped: {
    next: move("stopped", "leave"),
    repeat: move("stopped", "leave"),
    later: move("stopped", "leave"),
    unplaced: move("stopped", "leave"),
    placed: move("stopped", "leave"),
    healed: move("stopped", "leave"),
    unfillable: move("stopped", "leave"),
    handled: move("stopped", "finish"),
    failed: move("stopped", "leave"),
    exhausted: move("stopped", "leave"),
    backoffOver: move("stopped", "leave"),
    stop: move("stopped", "leave"),
  },
};

/** What an event is to a room whose last event had this seq. The first event of a room sets its position. */
export function placeInRoom(position: number | undefined, seq: number): "next" | "repeat" | "later" {
  if (position === undefined || seq === position + 1) return "next";
  return seq <= position ? "repeat" : "later";
}
