import { pauseMs } from "./pause-ms.ts";
import type { PositionStore } from "./position-store.ts";
import { type ConsumerWarning, positionWarning } from "./warning.ts";

/** What keeping positions and skipped events in step needs. */
export interface SkippedPositionsDeps<Tx> {
  readonly group: string;
  readonly positions: PositionStore<Tx> | undefined;
  readonly random: () => number;
  readonly warn: (warning: ConsumerWarning) => void;
}

/**
 * A skipped event comes again under a position of its own, so it must not have had, and not get, an effect under the position
 * of its room. Both wait for the store for as long as it takes, and end early when the signal aborts. Without a store there is
 * nothing to do.
 */
export interface SkippedPositions {
  /** Whether an event that failed is processed all the same: the answer of the store was lost. */
  isProcessed(roomId: string, seq: number): Promise<boolean>;
  /** Lets the room be beyond a skipped event, for whoever has it next. Says whether that is stored; not when the signal aborted. */
  passBy(roomId: string, seq: number, previousSeq: number | undefined): Promise<boolean>;
}

const MAX_BACKOFF_MS = 10_000;

/** Ends when the signal aborts. */
export function createSkippedPositions<Tx>(deps: SkippedPositionsDeps<Tx>, signal: AbortSignal): SkippedPositions {
  const { group, positions, random, warn } = deps;

  async function untilAnswered<T>(roomId: string, ask: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        return await ask();
      } catch (error) {
        if ((tries & (tries + 1)) === 0) warn(positionWarning(roomId, error));
        await pauseMs(random() * Math.min(MAX_BACKOFF_MS, 100 * 2 ** tries), signal);
      }
    }
    return undefined;
  }

  return {
    async isProcessed(roomId, seq) {
      if (!positions) return false;
      const position = await untilAnswered(roomId, () => positions.load(group, roomId));
      return position !== undefined && position >= seq;
    },
    async passBy(roomId, seq, previousSeq) {
      if (!positions) return true;
      const step = { group, roomId, seq, previousSeq };
      return (await untilAnswered(roomId, () => positions.process(step, async () => {}))) !== undefined;
    },
  };
}
