import type { ProcessStep } from "../position-store.ts";

/**
 * Another consumer is processing an event of the same room, and did not come to an end within `lockTimeoutMs`. Most likely
 * it lost the partition and hangs; PostgreSQL ends its transaction after `idleTimeoutMs`. Nothing is stored; the event is
 * tried again as after any other error.
 */
export class RoomLockedError extends Error {
  override readonly name = "RoomLockedError";
  readonly roomId: string;
  /** Number of the entry that was to be handled. */
  readonly seq: number;
  readonly lockTimeoutMs: number;

  /** Made by the store. */
  constructor({ roomId, seq }: ProcessStep, lockTimeoutMs: number, cause: unknown) {
    super(
      `another consumer has held room ${roomId} for more than ${lockTimeoutMs} ms; entry ${seq} is not handled here yet`,
      { cause },
    );
    this.roomId = roomId;
    this.seq = seq;
    this.lockTimeoutMs = lockTimeoutMs;
  }
}

/**
 * The transaction had come to an end when the handler did: a statement failed and the handler caught its error, after which
 * PostgreSQL stores nothing; or the handler itself said COMMIT or ROLLBACK. With COMMIT, what it wrote until then is
 * stored, and the position with it. Let errors of `ctx.tx` out, and use SAVEPOINT for what may fail.
 */
export class TransactionLostError extends Error {
  override readonly name = "TransactionLostError";
  readonly roomId: string;
  /** Number of the entry that was handled. */
  readonly seq: number;

  /** Made by the store. */
  constructor({ roomId, seq }: ProcessStep, cause: unknown) {
    super(
      `the transaction was over before the handler of entry ${seq} of room ${roomId}: a handler must not catch the error of a statement without a SAVEPOINT, nor end the transaction`,
      { cause },
    );
    this.roomId = roomId;
    this.seq = seq;
  }
}
