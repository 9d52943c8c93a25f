import { deadLetterKey } from "@maru/protocol";
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
 * of its room. All of this waits for the store for as long as it takes, and ends early when the signal aborts. Without a
 * store there is nothing to do.
 */
export interface SkippedPositions {
  /** Whether an event that failed is processed all the same: the answer of the store was lost. */
  isProcessed(roomId: string, seq: number): Promise<boolean>;
  /**
   * Lets the room be beyond a skipped event, for whoever is handed it once more, and notes in the same transaction that it was
   * skipped. Says whether that is settled: false when the signal has aborted before.
   */
  passBy(roomId: string, seq: number, previousSeq: number | undefined): Promise<boolean>;
  /** Whether a skipped event had its effect all the same: another consumer handled it before the room was beyond it. */
  wasHandled(roomId: string, seq: number): Promise<boolean>;
}

const MAX_BACKOFF_MS = 10_000;

/** Ends when the signal aborts. */
export function createSkippedPositions<Tx>(deps: SkippedPositionsDeps<Tx>, signal: AbortSignal): SkippedPositions {
  const { group, positions, random, warn } = deps;

  /** Undefined when the signal has aborted. */
  async function untilAnswered<T>(roomId: string, ask: () => Promise<T>): Promise<{ answer: T } | undefined> {
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        return { answer: await ask() };
      } catch (error) {
        if ((tries & (tries + 1)) === 0) warn(positionWarning(roomId, error));
        await pauseMs(random() * Math.min(MAX_BACKOFF_MS, 100 * 2 ** tries), signal);
      }
    }
    return undefined;
  }

  async function passBy(roomId: string, seq: number, previousSeq: number | undefined): Promise<boolean> {
    if (!positions) return true;
    const name = { group, roomId: deadLetterKey(roomId, seq) };
    const note = async (tx: Tx) => void (await positions.ensure(tx, name));
    const ask = () => positions.process({ group, roomId, seq, previousSeq }, note);
    return (await untilAnswered(roomId, ask)) !== undefined;
  }

  return {
    passBy,
    async isProcessed(roomId, seq) {
      if (!positions) return false;
      const position = (await untilAnswered(roomId, () => positions.load(group, roomId)))?.answer;
      return position !== undefined && position >= seq;
    },
    async wasHandled(roomId, seq) {
      // Whoever wrote the letter may not have come to it.
      if (!positions || !(await passBy(roomId, seq, undefined))) return false;
      const noted = await untilAnswered(roomId, () => positions.load(group, deadLetterKey(roomId, seq)));
      return noted !== undefined && noted.answer === undefined;
    },
  };
}
