/** A record that was taken and may be finished in any order. */
export interface TakenOffset {
  readonly offset: bigint;
  readonly finished: boolean;
}

/** Which records of one partition are done, and what may be committed. Offsets may have holes. */
export interface OffsetTracker {
  /** Takes the next record; offsets must rise. */
  take(offset: bigint): TakenOffset;
  /** Takes the next record when it is done already. */
  takeFinished(offset: bigint): void;
  /** Marks a record as done. Doing it again changes nothing. */
  finish(taken: TakenOffset): void;
  /** The offset to commit: of the first record that is not done, or the one after the last; undefined before any. */
  readonly next: bigint | undefined;
  /** How many taken records are at or above {@link next}, done or not. */
  readonly uncommittedCount: number;
}

const COMPACT_AFTER = 1024;

/** A tracker for one partition, for as long as it is assigned. */
export function createOffsetTracker(): OffsetTracker {
  let span: { offset: bigint; finished: boolean }[] = [];
  let head = 0;
  let last: bigint | undefined;

  function moveTo(offset: bigint): void {
    if (last !== undefined && offset <= last) throw new RangeError(`offset ${offset} was taken after ${last}`);
    last = offset;
  }

  return {
    take(offset) {
      moveTo(offset);
      const taken = { offset, finished: false };
      span.push(taken);
      return taken;
    },
    takeFinished(offset) {
      moveTo(offset);
      if (head < span.length) span.push({ offset, finished: true });
    },
    finish(taken) {
      (taken as { finished: boolean }).finished = true;
      while (span[head]?.finished) head++;
      if (head < COMPACT_AFTER || head * 2 < span.length) return;
      span = span.slice(head);
      head = 0;
    },
    get next() {
      return span[head]?.offset ?? (last === undefined ? undefined : last + 1n);
    },
    get uncommittedCount() {
      return span.length - head;
    },
  };
}
