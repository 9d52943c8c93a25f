import { compareIds } from "./source-rows.ts";

/** The numbers of a room's messages by their ids in the source. */
export interface SeqIndex {
  readonly ids: readonly string[];
  /** Ids ascend. */
  add(messageId: string, seq: number): void;
  get(messageId: string): number | undefined;
  /** The number of the last message whose id is not above this one; 0 when there is none. */
  upTo(messageId: string): number;
  seqAt(index: number): number;
}

export function createSeqIndex(): SeqIndex {
  const ids: string[] = [];
  const seqs: number[] = [];
  const lastAt = (messageId: string): number => {
    let [low, high] = [0, ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(ids[middle] as string, messageId) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    ids,
    add(messageId, seq) {
      ids.push(messageId);
      seqs.push(seq);
    },
    get(messageId) {
      const index = lastAt(messageId);
      return ids[index] === messageId ? seqs[index] : undefined;
    },
    upTo: (messageId) => seqs[lastAt(messageId)] ?? 0,
    seqAt: (index) => seqs[index] ?? 0,
  };
}
