/**
 * Reads many things for one call. All calls of this process together have no more than a set number of such reads under
 * way; a call that wants many and one that wants few come by turns.
 */
export interface FanOut {
  /** The results in the order of the items. Nothing more is read once a read has failed. */
  map<Item, Result>(items: readonly Item[], read: (item: Item) => Promise<Result>): Promise<Result[]>;
}

export function createFanOut(maxInFlight: number): FanOut {
  const waiting: (() => void)[] = [];
  let free = maxInFlight;

  async function inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  }

  return {
    async map<Item, Result>(items: readonly Item[], read: (item: Item) => Promise<Result>) {
      const results = new Array<Result>(items.length);
      const left = items.entries();
      let failed = false;
      const work = async () => {
        for (const [index, item] of left) {
          if (failed) return;
          results[index] = await inTurn(() => read(item));
        }
      };
      const workers = Array.from({ length: Math.min(maxInFlight, items.length) }, () =>
        work().catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      );
      await Promise.all(workers);
      return results;
    },
  };
}
