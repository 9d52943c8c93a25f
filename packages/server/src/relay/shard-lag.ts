import type { Checkpoint } from "../store/control.ts";

/** How long the oldest record that was read has been waiting for the broker's acknowledgement. */
export interface ShardLag {
  read(first: Checkpoint, last: Checkpoint): void;
  acknowledged(position: Checkpoint): void;
  lagMs(nowMs: number): number;
}

export function createShardLag(): ShardLag {
  let waitingSinceMs: number | undefined;
  let lastRead = "";
  return {
    read(first, last) {
      waitingSinceMs ??= first.committedAtMs;
      lastRead = last.sequenceNumber;
    },
    acknowledged(position) {
      waitingSinceMs = position.sequenceNumber === lastRead ? undefined : position.committedAtMs;
    },
    lagMs: (nowMs) => (waitingSinceMs === undefined ? 0 : Math.max(0, nowMs - waitingSinceMs)),
  };
}
