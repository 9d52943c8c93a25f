/** The seq of the last event that was done, by room; of the rooms used last only. */
export interface Positions {
  get(roomId: string): number | undefined;
  set(roomId: string, seq: number): void;
  readonly size: number;
}

/**
 * Remembers at least half of `maxRooms` rooms, those used last, and never more than `maxRooms`. The next event of a forgotten
 * room counts as its first: a repeat is then handled once more, and a hole right before it is not seen.
 *
 * Rooms used since the last clearing out are in `young`; when they are half of all, those that were not used are dropped at once.
 * To move a room to the end of one long list on each event would cost more than all else that is done with its position.
 */
export function createPositions(maxRooms: number): Positions {
  let young = new Map<string, number>();
  let old = new Map<string, number>();

  function set(roomId: string, seq: number): void {
    young.set(roomId, seq);
    if (young.size * 2 < maxRooms) return;
    old = young;
    young = new Map();
  }

  return {
    get(roomId) {
      const seq = young.get(roomId);
      if (seq !== undefined) return seq;
      const oldSeq = old.get(roomId);
      if (oldSeq !== undefined) set(roomId, oldSeq);
      return oldSeq;
    },
    set,
    get size() {
      let both = 0;
      for (const roomId of young.keys()) if (old.has(roomId)) both++;
      return young.size + old.size - both;
    },
  };
}
