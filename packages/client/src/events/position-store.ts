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
 * There is one for DynamoDB, `@maru/client/events/dynamodb`, one for PostgreSQL, `@maru/client/events/postgres`, and one in
 * memory, `memoryPositions` of `@maru/testing`. One of your own keeps these rules:
 *
 * - A position is a number by group and `roomId`, and never goes back. `roomId` is any text: an event that comes again after a
 *   redrive has one of its own.
 * - Two consumers may call `process` for the same event at the same time, from two processes, because one has lost its
 *   partition and does not know yet. Only one of them may store. So the position is compared where it is stored, by the
 *   database: `previousSeq` is what this consumer believes.
 * - When the answer to the commit is lost, nobody knows whether it is stored. Rejecting is right: the event comes again, and is
 *   then a `"repeat"`. To say `"processed"` needs a look at what is stored.
 * - `work` is called at most once by a call, and what it threw comes out as it is. `tx` is worth nothing afterwards.
 * - `ensure` never changes a position that is there.
 * - Other rooms do not wait: `process` is called for several at a time.
 *
 * @typeParam Tx what a handler writes through, `ctx.tx`
 */
export interface PositionStore<Tx> {
  /** The seq of the last entry of the room that the group has processed; undefined if there is none. */
  load(group: string, roomId: string): Promise<number | undefined>;
  /**
   * Runs `work` and stores `seq` as the room's position, together. `"repeat"`: the position is at or beyond `seq` already,
   * and nothing of `work` has an effect. Rejects with what `work` throws, or what the database says; then nothing is stored,
   * unless it is the answer to the commit that was lost.
   */
  process(step: ProcessStep, work: (tx: Tx) => Promise<void>): Promise<"processed" | "repeat">;
  /**
   * Within the transaction of a step: lets a name that has no position yet have the position 0, stored together with all else.
   * The consumer notes with it that an event was skipped, so that a consumer that skips it and one that handles it at the same
   * time, because one has lost the partition, cannot both be right. Needed for `onFailure: "skip"`.
   */
  ensure(tx: Tx, name: { readonly group: string; readonly roomId: string }): Promise<void> | void;
}
