/** Runs a bounded number of handlers at once, in the order in which they were asked for, and never two of one room. */
export interface HandlerSlots {
  /** Runs `work` as soon as a slot is free and nothing of the room runs. `work` must not reject. */
  run(roomId: string, work: () => Promise<void>): void;
  /** Whether `run` would begin at once. */
  hasOne(roomId: string): boolean;
  /** Resolves when what runs now has ended. */
  settled(): Promise<void>;
  /** The rooms whose handler runs now. */
  readonly busyRooms: string[];
}

/**
 * One set of slots serves a whole consumer, over rebalances: a handler that still runs for a partition that was lost, and
 * came back, ends before the same room begins again.
 */
export function createHandlerSlots(maxInFlight: number): HandlerSlots {
  const waiting: { roomId: string; work: () => Promise<void> }[] = [];
  const running = new Map<string, Promise<void>>();

  function fill(): void {
    while (running.size < maxInFlight) {
      const first = waiting.shift();
      if (!first) return;
      const earlier = running.get(first.roomId);
      if (earlier) void earlier.then(() => run(first.roomId, first.work));
      else begin(first.roomId, first.work);
    }
  }

  function begin(roomId: string, work: () => Promise<void>): void {
    const ended = work().finally(() => {
      running.delete(roomId);
      fill();
    });
    running.set(roomId, ended);
  }

  function run(roomId: string, work: () => Promise<void>): void {
    waiting.push({ roomId, work });
    fill();
  }

  return {
    run,
    hasOne: (roomId) => waiting.length === 0 && running.size < maxInFlight && !running.has(roomId),
    settled: async () => void (await Promise.allSettled(running.values())),
    get busyRooms() {
      return [...running.keys()];
    },
  };
}
