import type { ConsumedRecord } from "@maru/kafka";
import type { DeadLetter } from "@maru/protocol";
import type { TakenOffset } from "./commit.ts";
import type { UnreadableEntry } from "./decode.ts";
import type { AnyEvent, GapEvent } from "./handlers.ts";
import { type LaneState, placeInRoom } from "./room-lane.ts";

/** An event that was fetched, and the record that it came in. */
export interface FetchedEvent {
  readonly event: AnyEvent | UnreadableEntry;
  readonly record: ConsumedRecord;
  readonly receivedAt: Date;
}

/** A fetched event that is not done. */
export interface QueuedEvent extends FetchedEvent {
  readonly taken: TakenOffset;
}

/** What the table has instead of something that is missing in the topic. */
export interface FilledItem {
  readonly what: AnyEvent | GapEvent;
  readonly readAt: Date;
  readonly offset: bigint;
}

/** What is known of a room while something of it is to be done. */
export interface Lane {
  readonly roomId: string;
  state: LaneState;
  /** Fetched events, in the order of the topic. */
  readonly queue: QueuedEvent[];
  /** Comes before the queue. */
  readonly fill: FilledItem[];
  /** The position store was asked. */
  isPlaced: boolean;
  /** Rises when what is under way no longer counts. */
  turn: number;
  /** How often what comes first was handed over. */
  attempts: number;
  /** When it failed for the first time. */
  firstFailedAt: Date | undefined;
  failure: unknown;
  timer: NodeJS.Timeout | undefined;
  /** What is known of a parked room that goes on. */
  replay: Replay | undefined;
}

/** How far a parked room has come since somebody asked to try again. */
export interface Replay {
  readonly letter: DeadLetter;
  /** The number that is read or handed over next. */
  nextSeq: number;
  /** The log had no more than what was read. */
  atEnd: boolean;
  /** The highest number that has passed by in the topic meanwhile. */
  passedSeq: number;
}

/** A lane in which nothing waits. */
export function createLane(roomId: string, state: "following" | "parked"): Lane {
  return {
    roomId,
    state,
    queue: [],
    fill: [],
    isPlaced: false,
    turn: 0,
    attempts: 0,
    firstFailedAt: undefined,
    failure: undefined,
    timer: undefined,
    replay: undefined,
  };
}

/** What is to be handed over, and where it comes from. */
export interface Deliverable {
  readonly what: AnyEvent | GapEvent;
  readonly offset: bigint;
  readonly kafkaTimestamp: Date | undefined;
  readonly receivedAt: Date;
}

/** What comes first in a lane, if it is something that can be handed over. */
export function firstOf({ fill, queue }: Lane): Deliverable | undefined {
  const [filled] = fill;
  if (filled) {
    const { what, offset, readAt } = filled;
    return { what, offset, kafkaTimestamp: undefined, receivedAt: readAt };
  }
  const [queued] = queue;
  if (!queued || queued.event.kind === "unreadable") return undefined;
  const { record, receivedAt } = queued;
  const kafkaTimestamp = new Date(record.timestampMs);
  return { what: queued.event, offset: record.offset, kafkaTimestamp, receivedAt };
}

/** What an event of the topic is to a room with this position. An entry that the relay could not read is missing itself. */
export function placeOf(
  { kind, seq }: AnyEvent | UnreadableEntry,
  position: number | undefined,
): "next" | "repeat" | "later" {
  const place = placeInRoom(position, seq, kind);
  return kind === "unreadable" && place === "next" ? "later" : place;
}

/** The numbers that are missing before an event, or with it. */
export function holeBefore(
  { roomId, kind, seq }: AnyEvent | UnreadableEntry,
  position: number | undefined,
): { roomId: string; firstSeq: number; lastSeq: number } {
  const firstSeq = position === undefined ? seq : position + 1;
  return { roomId, firstSeq, lastSeq: kind === "unreadable" ? seq : seq - 1 };
}

/** The last number that something stands for, and the first that may still fail. */
export function seqsOf(what: AnyEvent | GapEvent): { firstSeq: number; lastSeq: number } {
  if (what.kind === "gap") return { firstSeq: what.firstMissingSeq, lastSeq: what.lastMissingSeq };
  return { firstSeq: what.seq, lastSeq: what.seq };
}
