/** One event that is about to be handled, for a {@link PositionStore}. */
export interface ProcessStep {
  /** The consumer group. */
  readonly group: string;
  readonly roomId: string;
  /** Number of the entry. */
  readonly seq: number;
  /** The position that the consumer knows of the room; undefined: none yet. The store decides by its own. */
  readonly previousSeq: number | undefined;
}

/**
 * Where a group keeps the position of each room together with what its handlers write, so that both are stored or none is:
 * each event then has its effect once, over crashes, rebalances and repeats. What a handler does outside of the store's
 * transaction (a call over HTTP, a mail) is not covered: it may happen again.
 *
 * @typeParam Tx what a handler writes through, `ctx.tx`
 */
export interface PositionStore<Tx> {
  /** The seq of the last entry of the room that the group has processed; undefined if there is none. */
  load(group: string, roomId: string): Promise<number | undefined>;
  /**
   * Runs `work` and stores `seq` as the room's position, together. `"repeat"`: the position is at or beyond `seq` already,
   * and nothing of `work` has an effect. Rejects with what `work` throws, or what the database says; then nothing is stored.
   */
  process(step: ProcessStep, work: (tx: Tx) => Promise<void>): Promise<"processed" | "repeat">;
}
