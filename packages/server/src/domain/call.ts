/** What the domain knows of the call that it serves. */
export interface Call {
  /** The service whose credentials the call carries. */
  readonly caller: string;
  readonly method: CalledMethod;
  /** Aborted when the caller gave up or its deadline passed. */
  readonly signal: AbortSignal;
}

export interface CalledMethod {
  /** `maru.chat.v1.MessageService/SendMessage` */
  readonly name: string;
}
