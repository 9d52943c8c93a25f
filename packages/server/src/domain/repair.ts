/** Something of the table's stream that no relay can read any more. */
export interface Loss {
  /** The same whoever notices it, and however often. */
  readonly id: string;
  /** What was committed before was handed on; undefined when that is not known. */
  readonly sinceMs: number | undefined;
}

/**
 * The repair of what the stream lost: one worker walks all rooms and hands on again what was appended since. All relays of
 * a table share one, and it covers all losses that are known.
 */
export interface Repair {
  readonly losses: readonly string[];
  /** Undefined: everything that the table holds. */
  readonly sinceMs: number | undefined;
  /** Rises with each loss: a walk that knows only older ones is refused, and begins again. */
  readonly revision: number;
  readonly startedAtMs: number;
  /** What was there by then, the walk finds. */
  readonly walkSinceMs: number;
  readonly progress: RepairProgress;
  readonly done: boolean;
}

export interface RepairProgress {
  /** Up to this room everything was handed on. */
  readonly cursor: RoomCursor;
  readonly roomsDone: number;
  readonly eventsEmitted: number;
}

/** Rooms are walked bucket by bucket, and by id in each. */
export interface RoomCursor {
  readonly bucket: number;
  readonly afterRoomId?: string | undefined;
}

/** The right to walk. Each time it is given it has a higher epoch, and what an older epoch writes is refused. */
export interface RepairLease {
  readonly repair: Repair;
  readonly epoch: number;
}

export interface LeaseTime {
  readonly nowMs: number;
  readonly ttlMs: number;
}

/** "lost": another worker walks, or another loss was noted, and nothing was written. */
export type RepairOutcome = { readonly kind: "held" } | { readonly kind: "lost" };

/** Where the repair of a table is kept, so that it outlives the relay that works on it. */
export interface Repairs {
  /** The one that runs, or the last one. */
  read(): Promise<Repair | undefined>;
  /** Opens a repair or adds to the one that runs. `isNew`: not all of the losses were known. */
  note(losses: readonly Loss[], nowMs: number): Promise<{ readonly repair: Repair; readonly isNew: boolean }>;
  /** Undefined when there is nothing to repair, or another worker does. */
  acquire(owner: string, time: LeaseTime): Promise<RepairLease | undefined>;
  renew(lease: RepairLease, time: LeaseTime): Promise<RepairOutcome>;
  save(lease: RepairLease, progress: RepairProgress): Promise<RepairOutcome>;
  finish(lease: RepairLease, progress: RepairProgress): Promise<RepairOutcome>;
  /** Another worker may go on at once. */
  release(lease: RepairLease): Promise<RepairOutcome>;
}

/** The stream keeps records for 24 hours. One less, for clocks that differ and for reading that takes its time. */
export const surelyKeptMs = 23 * 3_600_000;

const noProgress: RepairProgress = { cursor: { bucket: 0 }, roomsDone: 0, eventsEmitted: 0 };

/** The repair that covers the losses as well; undefined when the one that there is does. */
export function withLosses(repair: Repair | undefined, losses: readonly Loss[], nowMs: number): Repair | undefined {
  const unknown = losses.filter(({ id }) => !repair?.losses.includes(id));
  if (repair === undefined) return newRepair(losses, 1, nowMs);
  if (!repair.done) {
    if (unknown.length === 0) return undefined;
    // Rooms that were walked may have lost something since, or something older.
    return {
      ...repair,
      losses: [...repair.losses, ...unknown.map(({ id }) => id)],
      sinceMs: earliest([repair.sinceMs, ...unknown.map(({ sinceMs }) => sinceMs)]),
      revision: repair.revision + 1,
      walkSinceMs: nowMs,
      progress: { ...noProgress, eventsEmitted: repair.progress.eventsEmitted },
    };
  }
  // A loss that was repaired is told once more if a relay died between noting it and settling its shard. What came after the
  // walk is still in the stream, unless it took too long for that.
  const isRepaired = nowMs - repair.walkSinceMs < surelyKeptMs;
  const open = isRepaired ? unknown : losses;
  return open.length === 0 ? undefined : newRepair(open, repair.revision + 1, nowMs);
}

function newRepair(losses: readonly Loss[], revision: number, nowMs: number): Repair {
  return {
    losses: losses.map(({ id }) => id),
    sinceMs: earliest(losses.map(({ sinceMs }) => sinceMs)),
    revision,
    startedAtMs: nowMs,
    walkSinceMs: nowMs,
    progress: noProgress,
    done: false,
  };
}

/** Undefined is the beginning. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b)));
}
