/** Calls `send` with 0, 1, 2, … at a steady rate, whatever a call takes; resolves when all have ended. */
export async function pace(count: number, perSecond: number, send: (n: number) => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  const sends: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const waitMs = startedMs + (n * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sends.push(send(n));
  }
  await Promise.all(sends);
}

/** When messages were sent and when they arrived, by their texts. */
export interface Arrivals {
  sent(text: string): void;
  arrived(text: string): void;
  /** Resolves with the delays of all but the first `warmUp` when `total` have arrived. */
  readonly all: Promise<number[]>;
}

export function watchArrivals(total: number, warmUp: number): Arrivals {
  const { promise, resolve } = Promise.withResolvers<number[]>();
  const sentAtMs = new Map<string, number>();
  const delaysMs: number[] = [];
  return {
    all: promise,
    sent: (text) => void sentAtMs.set(text, performance.now()),
    arrived(text) {
      const atMs = sentAtMs.get(text);
      if (atMs === undefined) return;
      sentAtMs.delete(text);
      delaysMs.push(performance.now() - atMs);
      if (delaysMs.length === total) resolve(delaysMs.slice(warmUp));
    },
  };
}
