import type { PartitionClaim } from "@maru/kafka";
import type { OffsetTracker } from "./commit.ts";
import type { FetchedEvent } from "./lane.ts";

/** How much of a partition was fetched and is not done: too much of it stops the fetching. */
export interface Backlog {
  add(event: FetchedEvent): void;
  remove(event: FetchedEvent): void;
  /** Stops fetching, or goes on, as needed. */
  regulate(): void;
  /** From now on, fetching is left alone. */
  stop(): void;
}

/** Fetching pauses above any of these, and goes on below half of all. */
const LIMITS = { events: 1000, bytes: 8 * 1024 * 1024, uncommitted: 20_000 };

/** The backlog of one partition. */
export function createBacklog(claim: Pick<PartitionClaim, "pause" | "resume">, offsets: OffsetTracker): Backlog {
  let events = 0;
  let bytes = 0;
  let isPaused = false;
  let isStopped = false;

  const isAbove = (share: number) =>
    events > LIMITS.events * share ||
    bytes > LIMITS.bytes * share ||
    offsets.uncommittedCount > LIMITS.uncommitted * share;

  return {
    add({ record }) {
      events++;
      bytes += record.value?.byteLength ?? 0;
    },
    remove({ record }) {
      events--;
      bytes -= record.value?.byteLength ?? 0;
    },
    regulate() {
      if (isStopped || isPaused === isAbove(isPaused ? 0.5 : 1)) return;
      isPaused = !isPaused;
      if (isPaused) claim.pause();
      else claim.resume();
    },
    stop() {
      isStopped = true;
    },
  };
}
