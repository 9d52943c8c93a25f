/** What the domain knows of the call that it serves. */
export interface Call {
  /** The service whose credentials the call carries. */
  readonly caller: string;
  readonly method: CalledMethod;
  /** W3C trace context, valid; empty when the call brought none, absent for what the server does by itself. */
  readonly traceparent?: string;
  /** Aborted when the caller gave up or its deadline passed. */
  readonly signal: AbortSignal;
}

/** A call that is answered by a stream. */
export interface StreamCall extends Call {
  /**
   * Aborted when the server shuts down. Whoever asks for it is given a moment to say where to go on, and to end; other
   * streams are interrupted at once.
   */
  readonly draining: AbortSignal;
}

export interface CalledMethod {
  /** `maru.chat.v1.MessageService/SendMessage` */
  readonly name: string;
}
