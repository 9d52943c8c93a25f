/** What an answer of PostgreSQL is needed for here. */
export interface PgResult {
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the query says, as in `pg`
  readonly rows: any[];
}

/** A client of `pg` that a pool gave out. */
export interface PgClient {
  // biome-ignore lint/suspicious/noExplicitAny: values are what the driver takes, as in `pg`
  query(text: string, values?: any[]): Promise<PgResult>;
  release(error?: Error | boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** A `Pool` of `pg`, or what is like it. */
export interface PgPool {
  connect(): Promise<PgClient>;
}

/** The client that a pool gives out. (The pools of `pg` can connect in two ways; both are named for the inference.) */
export type PgClientOf<Pool> = Pool extends {
  connect: {
    (): Promise<infer Client>;
    // biome-ignore lint/suspicious/noExplicitAny: the form with a callback is not used
    (...args: any[]): any;
  };
}
  ? Client
  : Pool extends { connect(): Promise<infer Client> }
    ? Client
    : PgClient;
