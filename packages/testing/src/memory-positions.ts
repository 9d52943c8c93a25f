/** What a handler writes with positions in memory: `ctx.tx`. */
export interface MemoryTx {
  /** Runs `write` when the position is stored, in the order of adding. It may not throw, and may not wait. */
  add(write: () => void): void;
}

/** One event that is about to be handled. */
export interface MemoryStep {
  readonly group: string;
  readonly roomId: string;
  readonly seq: number;
}

/** What happens to a commit: `lost` does not arrive, `unanswered` is stored all the same. Both make `process` reject. */
export type CommitFault = "lost" | "unanswered";

/** How commits go. */
export interface MemoryPositionsOptions {
  /** Asked at each commit whether it meets a fault. */
  readonly onCommit?: (step: MemoryStep) => CommitFault | undefined;
}

/** For `positions` of `subscribe`: the position of each room, stored together with what handlers add. */
export interface MemoryPositions {
  /** Position of a room; undefined before its first event. */
  load(group: string, roomId: string): Promise<number | undefined>;
  /** As every position store: see `PositionStore` of `@maru/client/events`. */
  process(step: MemoryStep, work: (tx: MemoryTx) => Promise<void>): Promise<"processed" | "repeat">;
  /** As every position store. */
  ensure(tx: MemoryTx, name: { readonly group: string; readonly roomId: string }): void;
}

/**
 * Positions in memory, for tests of consumers that use `positions`. Consumers that are given the same one share what is
 * stored, as after a restart or a rebalance.
 *
 * @example
 * const paid: string[] = [];
 * await using consumer = await subscribe(client, { brokers: maru.broker, group: "pay", positions: memoryPositions() }, {
 *   messageSent: ({ roomId, seq }, { tx }) => tx.add(() => paid.push(`${roomId}/${seq}`)),
 * });
 */
export function memoryPositions({ onCommit = () => undefined }: MemoryPositionsOptions = {}): MemoryPositions {
  const seqs = new Map<string, number>();
  const keyOf = (group: string, roomId: string) => JSON.stringify([group, roomId]);
  return {
    load: async (group, roomId) => seqs.get(keyOf(group, roomId)),
    async process(step, work) {
      const key = keyOf(step.group, step.roomId);
      const isDone = () => (seqs.get(key) ?? 0) >= step.seq;
      if (isDone()) return "repeat";
      const writes: (() => void)[] = [];
      let hasEnded = false;
      const add = (write: () => void) => {
        if (hasEnded) {
          throw new Error(`ctx.tx was used after the handler of entry ${step.seq} of room ${step.roomId} had ended`);
        }
        writes.push(write);
      };
      try {
        await work({ add });
      } finally {
        hasEnded = true;
      }
      if (isDone()) return "repeat";
      const fault = onCommit(step);
      if (fault !== "lost") {
        for (const write of writes) write();
        seqs.set(key, step.seq);
      }
      if (fault) throw new Error(`planned: the commit of entry ${step.seq} of room ${step.roomId} was ${fault}`);
      return "processed";
    },
    ensure(tx, { group, roomId }) {
      const key = keyOf(group, roomId);
      tx.add(() => seqs.set(key, seqs.get(key) ?? 0));
    },
  };
}
