/** What the domain knows of the call that it serves. */
export interface Call {
  /** The service whose credentials the call carries. */
  readonly caller: string;
  /** Aborted when the caller gave up or its deadline passed. */
  readonly signal: AbortSignal;
}
