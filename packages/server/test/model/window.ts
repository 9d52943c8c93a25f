import type { CallRecord } from "./history.ts";
import { foldAll, type Truth, type TruthEntry, type TruthState } from "./truth.ts";

/** The truth as calls could see it. */
export interface Windows {
  readonly truth: Truth;
  readonly states: readonly TruthState[];
  /** Lengths that the log may have had between two stamps: from what was surely there to what may have been. */
  lengths(after: number, before: number): { readonly low: number; readonly high: number };
  /** Whether something was true of the room at some moment of the call. */
  sometime(call: CallRecord, isTrue: (state: TruthState, length: number) => boolean): boolean;
}

export function createWindows(truth: Truth): Windows {
  const states = foldAll(truth.entries);
  const count = (isIn: (entry: TruthEntry) => boolean) => truth.entries.findLastIndex(isIn) + 1;
  const lengths = (after: number, before: number) => ({
    low: count(({ storedBefore }) => storedBefore < after),
    high: count(({ storedAfter }) => storedAfter < before),
  });
  return {
    truth,
    states,
    lengths,
    sometime({ arrived, answered }, isTrue) {
      const { low, high } = lengths(arrived, answered);
      for (let length = low; length <= high; length++) if (isTrue(states[length] as TruthState, length)) return true;
      return false;
    },
  };
}
