/** What the bench asks of either side. */
export type SideOrders = {
  /** Reads the topic in a new group until `count` events were counted. */
  consume: (task: ConsumeTask) => Promise<Consumed>;
};

export interface ConsumeTask {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  /** How many events the topic holds. */
  readonly count: number;
}

export interface Consumed {
  /** From the first batch to the last event, in milliseconds: joining the group is not in it. */
  readonly ms: number;
  /** CPU time of the process meanwhile. */
  readonly cpuMicros: number;
}
