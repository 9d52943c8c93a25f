import type { Checkpoint } from "../store/control.ts";

/** What was read and waits for the broker's acknowledgement. */
export interface ShardLag {
  read(records: readonly Checkpoint[]): void;
  /** All up to the position. */
  acknowledged(position: Checkpoint): void;
  /** How old the oldest record is that waits; 0 if none. */
  lagMs(nowMs: number): number;
  /** How many records wait. */
  lagRecords(): number;
}

export function createShardLag(): ShardLag {
  let waiting: readonly Checkpoint[] = [];
  return {
    read(records) {
      waiting = [
        ...waiting,
        ...records.map(({ sequenceNumber, committedAtMs }) => ({ sequenceNumber, committedAtMs })),
      ];
    },
    acknowledged({ sequenceNumber }) {
      waiting = waiting.slice(waiting.findIndex((record) => record.sequenceNumber === sequenceNumber) + 1);
    },
    lagMs: (nowMs) => Math.max(0, nowMs - (waiting[0]?.committedAtMs ?? nowMs)),
    lagRecords: () => waiting.length,
  };
}
