import type { ConsumerStall, OffsetLostError, PartitionClaim } from "@maru/kafka";
import type { DeadLetter } from "@maru/protocol";
import type { EventPlace } from "./errors.ts";
import type { AnyEvent, GapEvent } from "./handlers.ts";

const SHOWN_PARTITIONS = 3;

/** Something that the consumer got over, and that somebody should know of. */
export interface ConsumerWarning {
  /**
   * `gap`: entries of a room are missing and cannot be had. `healDelayed`: missing entries cannot be read from the table yet;
   * told again after twice as many tries. `positionDelayed`: the position store does not answer. `startedAt`: the group had committed nothing, and begins in the
   * middle of the topic. `agentPath`: the events came through an agent, which may lose some, and there is no `positions`. `offsetLost`: the place where the group wanted to go on is gone, and it goes on at the oldest event.
   * `parked`: an event failed for
   * good, and its room waits for a redrive. `skipped`: an event failed for good, and is among the dead letters.
   * `lettersDelayed`: the topics of dead letters cannot be read for the moment. `letterUnreadable`: a record there is no dead
   * letter. `handlerFailed`: a handler threw, and the event will be handed over again.
   * `unknownType`: events of a type that is not known here are skipped; once per type. `disconnected`: the connection to
   * the group was lost and is being made again. `stalled`: nothing comes although something is there, see `stall`; the
   * consumer joins its group anew. `drainTimeout`: handlers still ran when the time for stopping was over.
   */
  readonly code:
    | "gap"
    | "healDelayed"
    | "positionDelayed"
    | "startedAt"
    | "agentPath"
    | "offsetLost"
    | "parked"
    | "skipped"
    | "lettersDelayed"
    | "letterUnreadable"
    | "handlerFailed"
    | "unknownType"
    | "disconnected"
    | "stalled"
    | "drainTimeout";
  /** The whole story, for people. */
  readonly message: string;
  readonly roomId?: string;
  /** Number of the entry that the warning is about; of the first that is missing, for `gap`. */
  readonly seq?: number;
  readonly cause?: unknown;
  /** What does not come, and for how long, for `stalled`. */
  readonly stall?: ConsumerStall;
}

/** The warning that entries cannot be had. */
export function gapWarning({ roomId, firstMissingSeq, lastMissingSeq, reason, cause }: GapEvent): ConsumerWarning {
  const range = firstMissingSeq === lastMissingSeq ? `${firstMissingSeq}` : `${firstMissingSeq} to ${lastMissingSeq}`;
  const message = `entries ${range} of room ${roomId} are missing in the topic, and cannot be had from the table: ${reason}`;
  return { code: "gap", message, roomId, seq: firstMissingSeq, ...(cause === undefined ? {} : { cause }) };
}

/** The warning that a handler threw, and will be called again. */
export function failureWarning(what: AnyEvent | GapEvent, attempts: number, cause: unknown): ConsumerWarning {
  const { roomId } = what;
  const seq = what.kind === "gap" ? what.firstMissingSeq : what.seq;
  const message = `attempt ${attempts} of the handler failed for entry ${seq} of room ${roomId}, which comes again: ${textOf(cause)}`;
  return { code: "handlerFailed", message, roomId, seq, cause };
}

/** The warning that missing entries cannot be read yet. */
export function healWarning(roomId: string, seq: number, cause: unknown): ConsumerWarning {
  const message = `entries of room ${roomId} from ${seq} on are missing in the topic, and cannot be read from the table yet: ${textOf(cause)}`;
  return { code: "healDelayed", message, roomId, seq, cause };
}

/** The warning that holes may stay unseen: an agent can make them, and cannot set headers as the relay itself does. */
export function agentPathWarning(group: string): ConsumerWarning {
  const message =
    `the events of group ${group} have no headers, so they came through an agent, which may lose some: what is lost right ` +
    "before a room's first event is seen only with `positions`, or refilled by the server's reconciler";
  return { code: "agentPath", message };
}

/** The warning that a room's position cannot be read yet. */
export function positionWarning(roomId: string, cause: unknown): ConsumerWarning {
  const message = `the position of room ${roomId} cannot be read yet, and its events wait: ${textOf(cause)}`;
  return { code: "positionDelayed", message, roomId, cause };
}

/** The warning that a group begins in the middle of the topic; undefined where it does not. */
export function startWarning(group: string, claims: readonly PartitionClaim[]): ConsumerWarning | undefined {
  const inMiddle = claims.filter(({ startsFrom, startOffset }) => {
    return startOffset > 0n && (startsFrom === "oldest" || startsFrom === "newest");
  });
  if (inMiddle.length === 0) return undefined;
  const places = inMiddle.map(({ topic, partition, startOffset, startsFrom }) => {
    return `${topic}/${partition} at ${startOffset}, the ${startsFrom}`;
  });
  const message = `group ${group} has committed nothing and starts in the middle of the topic (${listed(places)}): what came before is not handed over`;
  return { code: "startedAt", message };
}

/** The warning that the place where the group wanted to go on is gone. */
export function offsetLostWarning(group: string, cause: OffsetLostError, hasPositions: boolean): ConsumerWarning {
  const { topic, partition, offset, lowOffset, highOffset } = cause;
  const what = offset < lowOffset ? `offsets ${offset} to ${lowOffset - 1n} are gone` : `it ends at ${highOffset}`;
  const then = hasPositions
    ? "what a room lacks is read from the table when its next event comes"
    : "without positions, only rooms of which something was handled since the assignment get from the table what they lack: others may have missed events, which a replay hands over";
  const message = `group ${group} wanted to go on at ${offset} of ${topic}/${partition}, but ${what}; it goes on at ${lowOffset}, and ${then}`;
  return { code: "offsetLost", message, cause };
}

/** The warning that a topic of dead letters cannot be read or followed for the moment. */
export function lettersWarning(topic: string, cause: unknown): ConsumerWarning {
  const message = `${topic} cannot be read for the moment: nothing begins in partitions that are assigned now: ${textOf(cause)}`;
  return { code: "lettersDelayed", message, cause };
}

/** The warning that a record of a topic of dead letters is none. */
export function unreadableLetterWarning({ topic, partition, offset }: EventPlace, cause: unknown): ConsumerWarning {
  const message = `the record at ${topic}/${partition}, offset ${offset}, is no dead letter, and is passed over: ${textOf(cause)}`;
  return { code: "letterUnreadable", message, cause };
}

/** The warning that something failed for good, and what became of it. */
export function givenUpWarning(code: "parked" | "skipped", letter: DeadLetter, cause: unknown): ConsumerWarning {
  const { roomId, seq, attemptCount } = letter;
  const then = code === "parked" ? "the room waits for a redrive" : "the event is among the dead letters";
  const message = `the handler failed ${attemptCount} times for entry ${seq} of room ${roomId}, and ${then}: ${textOf(cause)}`;
  return { code, message, roomId, seq, cause };
}

/** The warning that nothing comes, for people. */
export function stallWarning(group: string, stall: ConsumerStall): ConsumerWarning {
  const { what, partitions, quietMs, willRejoin, cause } = stall;
  const reasons: Record<ConsumerStall["what"], string> = {
    behind: "events are there and do not come",
    unplaced: "the brokers do not say where its partitions start",
    uncommitted: "the brokers leave its commits unanswered",
    unjoined: "the brokers do not let it in",
    unanswered: "nothing comes, and the brokers do not say whether something is there",
  };
  const places = partitions.map(({ topic, partition, position, highOffset }) => {
    return `${topic}/${partition} at ${position} of ${highOffset}`;
  });
  const where = places.length === 0 ? "" : ` (${listed(places)})`;
  const then = willRejoin ? "; it joins anew" : "";
  const why = cause === undefined ? "" : `: ${textOf(cause)}`;
  const message = `group ${group} has been without events for ${Math.round(quietMs / 1000)} s: ${reasons[what]}${where}${then}${why}`;
  return { code: "stalled", message, stall, ...(cause === undefined ? {} : { cause }) };
}

/** Reports with Node's own warnings, which go to stderr unless the process says otherwise. */
export function emitProcessWarning(warning: ConsumerWarning): void {
  process.emitWarning(warning.message, { type: "MaruWarning", code: warning.code });
}

function listed(places: readonly string[]): string {
  const shown = places.slice(0, SHOWN_PARTITIONS);
  const others = places.length - shown.length;
  return `${shown.join(", ")}${others > 0 ? ` and ${others} others` : ""}`;
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
