import type { EventKind } from "./handlers.ts";

/**
 * What a room's lane is doing.
 *
 * `following`: nothing is being handled. `placing`: the room's position is being read from the position store. `healing`:
 * entries that are missing before the first event are being read from the table. `handling`: what comes first is with the
 * handler, or waits for a free slot. `backoff`: it failed, and will be handed over again. `skipping`: it failed for good, and is
 * being put among the dead letters. `parking`: the same, and the room is to wait. `parked`: the room waits; the table keeps its
 * entries. `replaying`: it goes on, and its entries are being read from the table. `rehandling`, `rebackoff`: the same as
 * without `re`, for an entry of a replay. `releasing`: the replay has met the topic, and the dead letter is being removed.
 * `stopped`: nothing more begins.
 */
export type LaneState =
  | "following"
  | "placing"
  | "healing"
  | "handling"
  | "backoff"
  | "skipping"
  | "parking"
  | "parked"
  | "replaying"
  | "rehandling"
  | "rebackoff"
  | "releasing"
  | "stopped";

/**
 * What happens to a lane.
 *
 * An event came, or its turn did: `next`, `repeat`, `later` (entries are missing before it), or `unplaced` (the position store
 * must be asked first). The store said where the room is: `placed`. The table said what is missing: `healed`, or `unfillable`
 * when nothing of it can be had. The handler ended: `handled`, `failed`, and when it failed for the last time `exhausted`,
 * `toBeSkipped` or `toBeParked`, as the policy says. The wait was over: `backoffOver`. What was written to the dead letters is
 * stored: `recorded`. The replay has handled all that was read: `ranOut`, or `caughtUp` when the topic can take over.
 * Somebody else says that the room is parked (`parkedElsewhere`), or asks to try again (`redriven`). The lane is to stop: `stop`.
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
  | "toBeSkipped"
  | "toBeParked"
  | "backoffOver"
  | "recorded"
  | "ranOut"
  | "caughtUp"
  | "parkedElsewhere"
  | "redriven"
  | "stop";

/**
 * What is done then. `handle`: hand over what comes first. `place`: ask the position store. `heal`: read what is missing from
 * the table. `goOn`: see what comes first now. `drop`: the first event is a repeat and done. `finish`: what came first is done.
 * `wait`: nothing; an event stays in the queue. `retryLater`: hand over again after a while. `skip`, `park`: write the dead
 * letter. `passBy`: the first event is done for the topic; the table keeps it. `clear`: so are all, and what runs no longer
 * counts. `replay`: read the next entries from the table. `advance`: an entry of the replay is done. `release`: remove the dead
 * letter. `fail`: the consumer stops. `leave`: what is not done stays so, and comes again in the next assignment. `impossible`:
 * a mistake in the code around the lane.
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
  | "skip"
  | "park"
  | "passBy"
  | "clear"
  | "replay"
  | "advance"
  | "release"
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

/** The inputs that an event makes when it comes, or its turn does. */
const arrivals = (made: LaneMove) => ({ next: made, repeat: made, later: made, unplaced: made });

/** What others say of a room whose own work on it is under way: the lane looks at the letters again when that has ended. */
const heedless = (state: LaneState) => ({ parkedElsewhere: move(state, "wait"), redriven: move(state, "wait") });

/** A row in which events wait, the room may be parked by somebody else, and all else is impossible unless it is said. */
function rowOf(state: LaneState, moves: Partial<LaneRow>): LaneRow {
  const never = move(state, "impossible");
  return {
    ...arrivals(move(state, "wait")),
    placed: never,
    healed: never,
    unfillable: never,
    handled: never,
    failed: never,
    exhausted: never,
    toBeSkipped: never,
    toBeParked: never,
    backoffOver: never,
    recorded: never,
    ranOut: never,
    caughtUp: never,
    parkedElsewhere: move("parked", "clear"),
    redriven: never,
    stop: move("stopped", "leave"),
    ...moves,
  };
}

const leave = move("stopped", "leave");

/** All that can happen to a lane. */
export const laneTable: Readonly<Record<LaneState, LaneRow>> = {
  following: rowOf("following", {
    next: move("handling", "handle"),
    repeat: move("following", "drop"),
    later: move("healing", "heal"),
    unplaced: move("placing", "place"),
  }),
  placing: rowOf("placing", {
    placed: move("following", "goOn"),
  }),
  healing: rowOf("healing", {
    healed: move("following", "goOn"),
    unfillable: move("following", "goOn"),
  }),
  handling: rowOf("handling", {
    handled: move("following", "finish"),
    failed: move("backoff", "retryLater"),
    exhausted: move("stopped", "fail"),
    toBeSkipped: move("skipping", "skip"),
    toBeParked: move("parking", "park"),
  }),
  backoff: rowOf("backoff", {
    backoffOver: move("handling", "handle"),
  }),
  skipping: rowOf("skipping", {
    recorded: move("following", "finish"),
  }),
  parking: rowOf("parking", {
    recorded: move("parked", "clear"),
    ...heedless("parking"),
  }),
  parked: rowOf("parked", {
    ...arrivals(move("parked", "passBy")),
    parkedElsewhere: move("parked", "wait"),
    redriven: move("replaying", "replay"),
  }),
  replaying: rowOf("replaying", {
    ...arrivals(move("replaying", "passBy")),
    healed: move("rehandling", "handle"),
    unfillable: move("rehandling", "handle"),
    toBeParked: move("parking", "park"),
    caughtUp: move("releasing", "release"),
    ...heedless("replaying"),
  }),
  rehandling: rowOf("rehandling", {
    ...arrivals(move("rehandling", "passBy")),
    handled: move("rehandling", "advance"),
    failed: move("rebackoff", "retryLater"),
    exhausted: move("stopped", "fail"),
    toBeParked: move("parking", "park"),
    ranOut: move("replaying", "replay"),
    caughtUp: move("releasing", "release"),
    ...heedless("rehandling"),
  }),
  rebackoff: rowOf("rebackoff", {
    ...arrivals(move("rebackoff", "passBy")),
    backoffOver: move("rehandling", "handle"),
    ...heedless("rebackoff"),
  }),
  releasing: rowOf("releasing", {
    recorded: move("following", "goOn"),
    ...heedless("releasing"),
  }),
  stopped: {
    ...arrivals(leave),
    placed: leave,
    healed: leave,
    unfillable: leave,
    handled: move("stopped", "finish"),
    failed: leave,
    exhausted: leave,
    toBeSkipped: leave,
    toBeParked: leave,
    backoffOver: leave,
    recorded: move("stopped", "finish"),
    ranOut: leave,
    caughtUp: leave,
    parkedElsewhere: leave,
    redriven: leave,
    stop: leave,
  },
};

/**
 * What an event is to a room whose last event had this seq. The first event of a room sets its position; so does
 * `roomImported`, since no events were made of what was imported before it.
 */
export function placeInRoom(
  position: number | undefined,
  seq: number,
  kind?: EventKind | "unknown" | "unreadable",
): "next" | "repeat" | "later" {
  if (position === undefined || seq === position + 1) return "next";
  if (kind === "roomImported" && seq > position) return "next";
  return seq <= position ? "repeat" : "later";
}
