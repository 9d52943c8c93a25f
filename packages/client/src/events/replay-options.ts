import type { Broker } from "@maru/kafka";
import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { type BrokerOptions, brokerOf } from "./broker-of.ts";
import type { ReplayIncompleteError } from "./replay-errors.ts";
import { decodePosition, type ReplayStart, type StoredPosition } from "./replay-position.ts";
import { type HandlerRetryOptions, type HandlerRetryPolicy, toHandlerRetryPolicy } from "./retry.ts";
import { type ConsumerWarning, emitProcessWarning } from "./warning.ts";

/** A list of room ids, in an order that is the same when a replay goes on from a position. */
export type RoomIds = Iterable<string> | AsyncIterable<string>;

/** Where a replay begins. */
export type ReplayFrom =
  | "beginning"
  /** Number of the first entry, in each room. */
  | { readonly seq: number }
  /** The time from which entries were made (`created_at`): a Date, or milliseconds since 1970. */
  | { readonly time: Date | number }
  /** What `position` of an earlier replay with the same options said. */
  | { readonly position: string };

/** What to replay, and how. */
export interface ReplayOptions extends BrokerOptions {
  readonly from: ReplayFrom;
  /** Only these rooms. Without it: all rooms that the topic names. */
  readonly rooms?: RoomIds;
  /**
   * All rooms, and these are some of them: for rooms that were quiet for longer than the topic holds events, which it therefore
   * does not name. They come first.
   */
  readonly knownRooms?: RoomIds;
  /** Whether to go on with what comes after all that is there was handed over. @default false */
  readonly follow?: boolean;
  /** @default "maru.room-events.v1" */
  readonly topic?: string;
  /** How many rooms may be remembered, about 100 bytes each; more is a `TooManyRoomsError`. @default 1_000_000 */
  readonly maxRooms?: number;
  /** Is called once when all that was there has been taken, with the position. With `follow`, live events come next. */
  readonly onCaughtUp?: (position: string) => void;
  /**
   * The topic no longer holds all since where the replay begins. Without this, the replay rejects with that error; with it, all
   * entries are replayed of the rooms that the topic names, and none of those that it does not.
   */
  readonly onIncomplete?: (error: ReplayIncompleteError) => void;
  /** A room of the list does not exist, or this service may not read it. Without this, the replay rejects with the error. */
  readonly onUnreadableRoom?: (roomId: string, error: unknown) => void;
  /** For the form with handlers: see {@link HandlerRetryOptions}. */
  readonly retry?: HandlerRetryOptions;
  /** Is told of what the replay got over, an outage of the servers for example. Default: a warning of the process, on stderr. */
  readonly onWarning?: (warning: ConsumerWarning) => void;
  /** Ends the replay: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** {@link ReplayOptions} with the defaults filled in. */
export interface ReplaySettings
  extends Pick<ReplayOptions, "onCaughtUp" | "onIncomplete" | "onUnreadableRoom">,
    Required<Pick<ReplayOptions, "follow" | "topic" | "maxRooms" | "signal" | "onWarning">> {
  readonly broker: Broker;
  readonly start: ReplayStart;
  readonly resumed: StoredPosition | undefined;
  /** Rooms that are read from the table first. */
  readonly list: RoomIds | undefined;
  /** Only the rooms of the list. */
  readonly isOnlyList: boolean;
  readonly retry: HandlerRetryPolicy;
}

/** The options with the defaults filled in. Throws TypeError, RangeError, ReplayPositionError. */
export function toReplaySettings(options: ReplayOptions): ReplaySettings {
  const { from, rooms, knownRooms, follow = false, topic = ROOM_EVENTS_TOPIC, maxRooms = 1_000_000 } = options;
  if (rooms !== undefined && knownRooms !== undefined) {
    throw new TypeError("replay: rooms are all that is replayed, knownRooms some of all: give one of them");
  }
  if (!Number.isInteger(maxRooms) || maxRooms < 1) throw new RangeError(`replay: maxRooms must not be ${maxRooms}`);
  const resumed = typeof from === "object" && "position" in from ? decodePosition(from.position) : undefined;
  return {
    broker: brokerOf("replay", options, "maru-replay"),
    start: resumed?.start ?? toStart(from),
    resumed,
    list: rooms ?? knownRooms,
    isOnlyList: rooms !== undefined,
    follow,
    topic,
    maxRooms,
    signal: options.signal ?? new AbortController().signal,
    retry: toHandlerRetryPolicy(options.retry),
    onWarning: options.onWarning ?? emitProcessWarning,
    ...given(options),
  };
}

function toStart(from: ReplayFrom): ReplayStart {
  if (from === "beginning") return {};
  if (typeof from === "object" && from !== null && "seq" in from) {
    if (Number.isInteger(from.seq) && from.seq >= 0) return { seq: from.seq };
    throw new RangeError(`replay: from.seq must be a whole number, not ${from.seq}`);
  }
  if (typeof from === "object" && from !== null && "time" in from) {
    const timeMs = Number(from.time);
    if (timeMs >= 0) return { timeMs };
    throw new RangeError(`replay: from.time must be a time since 1970, not ${from.time}`);
  }
  throw new TypeError('replay: from must be "beginning", { seq }, { time } or { position }');
}

function given({ onCaughtUp, onIncomplete, onUnreadableRoom }: ReplayOptions) {
  return {
    ...(onCaughtUp === undefined ? {} : { onCaughtUp }),
    ...(onIncomplete === undefined ? {} : { onIncomplete }),
    ...(onUnreadableRoom === undefined ? {} : { onUnreadableRoom }),
  };
}
