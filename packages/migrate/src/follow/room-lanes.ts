/** Work of different rooms beside each other, that of one room in its order. */
export interface RoomLanes {
  /** Waits while too much is under way. `onDone` is called when the work has succeeded. */
  add(roomId: string, work: () => Promise<void>, onDone: () => void): Promise<void>;
  /** Nothing more begins; resolves when what runs has ended. */
  stop(): Promise<void>;
}

/**
 * What fails stops all: what comes behind it in its room must not be done without it, since a room's place in the source says
 * that everything before is in.
 */
export function createRoomLanes(maxAtOnce: number, maxWaiting: number, onFailed: (error: unknown) => void): RoomLanes {
  const waitingOf = new Map<string, (() => Promise<void>)[]>();
  const ready: string[] = [];
  const blocked: (() => void)[] = [];
  const running = new Set<Promise<void>>();
  let waiting = 0;
  let stopped = false;

  function begin(): void {
    while (!stopped && running.size < maxAtOnce) {
      const roomId = ready.shift();
      if (roomId === undefined) return;
      const work = waitingOf.get(roomId)?.shift();
      if (work === undefined) continue;
      const run = work()
        .then(
          () => {
            if ((waitingOf.get(roomId)?.length ?? 0) > 0) ready.push(roomId);
            else waitingOf.delete(roomId);
          },
          (error: unknown) => {
            stopped = true;
            onFailed(error);
          },
        )
        .finally(() => {
          running.delete(run);
          waiting--;
          blocked.shift()?.();
          begin();
        });
      running.add(run);
    }
  }

  return {
    async add(roomId, work, onDone) {
      while (waiting >= maxWaiting) await new Promise<void>((resolve) => blocked.push(resolve));
      waiting++;
      const queue = waitingOf.get(roomId);
      const task = async () => {
        await work();
        onDone();
      };
      if (queue !== undefined) queue.push(task);
      else {
        waitingOf.set(roomId, [task]);
        ready.push(roomId);
      }
      begin();
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
