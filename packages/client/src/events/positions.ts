/** The seq of the last event that was done, by room; of the rooms used last only. */
export interface Positions {
  get(roomId: string): number | undefined;
  set(roomId: string, seq: number): void;
  readonly size: number;
}

/**
 * Forgets the room used longest ago when there are more than `maxRooms`. The next event of a forgotten room counts as its
 * first: a repeat is then handled once more, and a hole right before it is not seen.
 */
export function createPositions(maxRooms: number): Positions {
  const seqs = new Map<string, number>();
  const put = (roomId: string, seq: number) => {
    seqs.delete(roomId);
    seqs.set(roomId, seq);
  };
  return {
    get(roomId) {
      const seq = seqs.get(roomId);
      if (seq !== undefined) put(roomId, seq);
      return seq;
    },
    set(roomId, seq) {
      put(roomId, seq);
      const [oldest] = seqs.keys();
      if (seqs.size > maxRooms && oldest !== undefined) seqs.delete(oldest);
    },
    get size() {
      return seqs.size;
    },
  };
}
