/** What the bench asks of either side. */
export type SideOrders = {
  /** Sends at a steady rate, and times each message from before its send until its handler is called. */
  run: (task: E2eTask) => Promise<E2eResult>;
};

export interface E2eTask {
  /** Of the server; the side without one writes to the table itself. */
  readonly address: string;
  readonly token: string;
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  readonly tableName: string;
  readonly perSecond: number;
  /** Messages before those that count. */
  readonly warmUp: number;
  readonly messages: number;
  readonly rooms: number;
}

/** Milliseconds of each message that counts, in the order of their arrival. */
export interface E2eResult {
  readonly delaysMs: readonly number[];
}
