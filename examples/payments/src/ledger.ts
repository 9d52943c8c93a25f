/** A payment that somebody wants to make: the held message with its card, by its place in the log. */
export interface Payment {
  readonly roomId: string;
  /** Number of the held message. */
  readonly seq: number;
  readonly payerId: string;
  readonly payeeId: string;
  readonly amountMinor: bigint;
}

/** What became of a payment, and the room does not know yet. */
export interface Decision extends Payment {
  readonly outcome: "paid" | "refused";
}

/** The accounts, and what the room has still to be told. */
export interface Ledger<Tx> {
  /**
   * Moves the money, or notes that there is no cover or no account, and notes that the room is to be told: all of it in the transaction
   * that also stores the position of the room.
   */
  decide(tx: Tx, payment: Payment): Promise<void>;
  /** What the room has still to be told. */
  untold(): Promise<Decision[]>;
  /** The room knows. */
  told(decision: Decision): Promise<void>;
  /** Gives the money back, because the message can no longer be shown. Once, however often it is called. */
  payBack(decision: Decision): Promise<void>;
  /** In the currency's smallest unit; undefined for one who has no account. */
  balanceOf(userId: string): Promise<bigint | undefined>;
}

/** Names a payment in the ledger. */
export function paymentIdOf({ roomId, seq }: Pick<Payment, "roomId" | "seq">): string {
  return `${roomId}/${seq}`;
}
