/** What the bench asks of either side. */
export type FlattenOrders = {
  /** Makes the events of a run; the same input makes the same events. */
  prepare: (task: FlattenTask) => Promise<Prepared>;
  /** Takes every event once, one after the other. */
  round: () => Promise<FlattenRound>;
};

export interface FlattenTask {
  readonly file: string;
  readonly records: number;
  readonly side: SideName;
}

export type SideName = "bare" | "maru";

export interface Prepared {
  readonly records: number;
  readonly events: number;
  /** Of the events' JSON. */
  readonly bytes: number;
  readonly operations: Readonly<Record<string, number>>;
}

export interface FlattenRound {
  /** CPU time of the process. */
  readonly cpuMicros: number;
  readonly ms: number;
  /** Rows that the delivery stream took; none on the bare side. */
  readonly rows: number;
}
