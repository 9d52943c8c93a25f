/** What the bench asks of either server. */
export type ServerOrders = {
  /** Returns the address. */
  listen: (options: ServerSettings) => Promise<string>;
  /** CPU time of the process until now. */
  cpuMicros: () => number;
};

export interface ServerSettings {
  readonly tokenKey: string;
  /** 0: every token's signature is checked on every call. */
  readonly cachedTokens: number;
}
