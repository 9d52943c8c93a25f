/** A partition whose oldest event is younger than where the replay begins. */
export interface IncompletePartition {
  readonly partition: number;
  /** The first offset that the topic still holds: retention took those before. */
  readonly lowOffset: bigint;
}

/**
 * The topic no longer holds all since the time that the replay of all rooms begins at. Rooms that are quiet since then are not
 * known from the topic, so their entries would be missing in silence. What helps: `rooms` or `knownRooms`; a later `from`;
 * or `onIncomplete`, to replay what the topic names all the same. Nothing was handed over.
 */
export class ReplayIncompleteError extends Error {
  override readonly name = "ReplayIncompleteError";
  readonly topic: string;
  readonly partitions: readonly IncompletePartition[];

  /** Made by `replay`. */
  constructor(topic: string, partitions: readonly IncompletePartition[]) {
    super(
      `${partitions.length} partitions of ${topic} no longer hold all since where the replay begins, so rooms that were ` +
        `quiet since are not known: list them in knownRooms, or accept it with onIncomplete`,
    );
    this.topic = topic;
    this.partitions = partitions;
  }
}

/** More rooms than `maxRooms` would have to be remembered. Replay parts of the rooms one after the other, or raise the bound. */
export class TooManyRoomsError extends Error {
  override readonly name = "TooManyRoomsError";
  readonly maxRooms: number;

  /** Made by `replay`. */
  constructor(maxRooms: number) {
    super(`the replay has met more than ${maxRooms} rooms: replay parts of them, or raise maxRooms`);
    this.maxRooms = maxRooms;
  }
}

/** A position is not one that `replay` gave, or not one of this replay: of another topic, or of another list of rooms. */
export class ReplayPositionError extends Error {
  override readonly name = "ReplayPositionError";

  /** Made by `replay`. */
  constructor(what: string, cause?: unknown) {
    super(`cannot go on from this position: ${what}`, { cause });
  }
}

/** A handler of a replay threw on every attempt. `cause` is what it threw last. */
export class ReplayHandlerError extends Error {
  override readonly name = "ReplayHandlerError";
  readonly roomId: string;
  /** Number of the entry; of the first missing one, for a gap. */
  readonly seq: number;
  readonly attempts: number;
  /** Goes on with this same event: `from: { position }`. */
  readonly position: string;

  /** Made by `replay`. */
  constructor(at: { roomId: string; seq: number }, attempts: number, position: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`the handler failed ${attempts} times for entry ${at.seq} of room ${at.roomId}: ${why}`, { cause });
    this.roomId = at.roomId;
    this.seq = at.seq;
    this.attempts = attempts;
    this.position = position;
  }
}
