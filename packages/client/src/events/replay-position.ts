import { ReplayPositionError } from "./replay-errors.ts";

/** Which entries are replayed: from a number, from a time; both undefined: all. */
export interface ReplayStart {
  readonly seq?: number | undefined;
  readonly timeMs?: number | undefined;
}

/** How far a replay is. */
export interface ReplayProgress {
  /** What is read: the table alone, the table and then the topic for rooms of a list, or all rooms. */
  readonly reads: "table" | "rooms" | "all";
  readonly topic: string;
  readonly start: ReplayStart;
  /** Where the reading of the topic began, by partition. Empty when the topic is not read. */
  starts: ReadonlyMap<number, bigint>;
  /** What the topic held when the reading of the list began, by partition: all of it was in the table by then. */
  listedAt: ReadonlyMap<number, bigint>;
  /** The offsets up to which all was handed over. */
  readonly offsets: Map<number, bigint>;
  /** How many rooms of the list were read. */
  roomsDone: number;
  /** The room that is being read from the table, and the number of the entry that was handed over last. */
  room: { readonly roomId: string; readonly seq: number } | undefined;
}

/** A position as it was stored. */
export interface StoredPosition extends ReplayProgress {
  /** Positions of the rooms of the list; undefined when they were too many to be stored, or there is no list. */
  readonly seqs: ReadonlyMap<string, number> | undefined;
}

/** With more rooms, their positions are not kept in a token. */
export const MAX_STORED_ROOMS = 1000;

const VERSION = 1;

/** A token for callers to keep: opaque, letters, digits, `-` and `_`. */
export function encodePosition(
  progress: Readonly<ReplayProgress>,
  seqs: ReadonlyMap<string, number> | undefined,
): string {
  const { reads, topic, start, starts, listedAt, offsets, roomsDone, room } = progress;
  const texts = (map: ReadonlyMap<number, bigint>) => [...map].map(([partition, offset]) => [partition, `${offset}`]);
  const stored = {
    v: VERSION,
    reads,
    topic,
    start,
    starts: texts(starts),
    listedAt: texts(listedAt),
    offsets: texts(offsets),
    roomsDone,
    room,
    seqs: seqs === undefined ? undefined : [...seqs],
  };
  return Buffer.from(JSON.stringify(stored)).toString("base64url");
}

/** Throws ReplayPositionError. */
export function decodePosition(position: string): StoredPosition {
  try {
    const stored = JSON.parse(Buffer.from(position, "base64url").toString());
    if (stored.v !== VERSION) throw new Error(`it is of version ${stored.v}, and this is ${VERSION}`);
    const toOffsets = (pairs: [number, string][]) => new Map(pairs.map(([p, offset]) => [Number(p), BigInt(offset)]));
    const { reads, topic, start, starts, listedAt, offsets, roomsDone, room, seqs } = stored;
    if (typeof topic !== "string" || typeof start !== "object" || !Number.isInteger(roomsDone))
      throw new Error("parts are missing");
    return {
      reads,
      topic,
      start,
      starts: toOffsets(starts),
      listedAt: toOffsets(listedAt),
      offsets: toOffsets(offsets),
      roomsDone,
      room,
      seqs: seqs === undefined ? undefined : new Map(seqs),
    };
  } catch (cause) {
    throw new ReplayPositionError(cause instanceof Error ? cause.message : String(cause), cause);
  }
}
