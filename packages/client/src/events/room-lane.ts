/**
 * What a room's lane is doing. `following`: nothing is being handled. `handling`: its first event is with the handler, or
 * waits for a free slot. `backoff`: its first event failed and will be handed over again. `stopped`: nothing more begins.
 */
export type LaneState = "following" | "handling" | "backoff" | "stopped";

/** What happens to a lane: an event came (`next`, `repeat` or `later`), the handler ended, or it is to stop. */
export type LaneInput = "next" | "repeat" | "later" | "handled" | "failed" | "exhausted" | "backoffOver" | "stop";

/**
 * What is done then. `handle`: hand the first event over. `tellGap`: the same, after saying what is missing. `drop`: the
 * first event is a repeat and done. `finish`: the first event is done. `wait`: the event stays in the queue. `retryLater`:
 * hand over again after a while. `fail`: the consumer stops. `leave`: what is not done stays so, and comes again in the
 * next assignment. `impossible`: a mistake in the code around the lane.
 */
export type LaneAction =
  | "handle"
  | "tellGap"
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

/** All that can happen to a lane. */
export const laneTable: Readonly<Record<LaneState, Readonly<Record<LaneInput, LaneMove>>>> = {
  following: {
    next: { to: "handling", act: "handle" },
    repeat: { to: "following", act: "drop" },
    later: { to: "handling", act: "tellGap" },
    handled: { to: "following", act: "impossible" },
    failed: { to: "following", act: "impossible" },
    exhausted: { to: "following", act: "impossible" },
    backoffOver: { to: "following", act: "impossible" },
    stop: { to: "stopped", act: "leave" },
  },
  handling: {
    next: { to: "handling", act: "wait" },
    repeat: { to: "handling", act: "wait" },
    later: { to: "handling", act: "wait" },
    handled: { to: "following", act: "finish" },
    failed: { to: "backoff", act: "retryLater" },
    exhausted: { to: "stopped", act: "fail" },
    backoffOver: { to: "handling", act: "impossible" },
    stop: { to: "stopped", act: "leave" },
  },
  backoff: {
    next: { to: "backoff", act: "wait" },
    repeat: { to: "backoff", act: "wait" },
    later: { to: "backoff", act: "wait" },
    handled: { to: "backoff", act: "impossible" },
    failed: { to: "backoff", act: "impossible" },
    exhausted: { to: "backoff", act: "impossible" },
    backoffOver: { to: "handling", act: "handle" },
    stop: { to: "stopped", act: "leave" },
  },
  stopped: {
    next: { to: "stopped", act: "leave" },
    repeat: { to: "stopped", act: "leave" },
    later: { to: "stopped", act: "leave" },
    handled: { to: "stopped", act: "finish" },
    failed: { to: "stopped", act: "leave" },
    exhausted: { to: "stopped", act: "leave" },
    backoffOver: { to: "stopped", act: "leave" },
    stop: { to: "stopped", act: "leave" },
  },
};

/** What an event is to a room whose last event had this seq. The first event of a room sets its position. */
export function placeInRoom(position: number | undefined, seq: number): "next" | "repeat" | "later" {
  if (position === undefined || seq === position + 1) return "next";
  return seq <= position ? "repeat" : "later";
}
