/**
 * `ctx.tx` was used after its handler had ended, most likely by something that the handler did not await. What it wanted to
 * write is not written.
 */
export class TransactionEndedError extends Error {
  override readonly name = "TransactionEndedError";
  readonly roomId: string;
  /** Number of the entry that was handled. */
  readonly seq: number;

  /** Made by position stores. */
  constructor({ roomId, seq }: { readonly roomId: string; readonly seq: number }) {
    super(`ctx.tx was used after the handler of entry ${seq} of room ${roomId} had ended: await all that uses it`);
    this.roomId = roomId;
    this.seq = seq;
  }
}
