interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(reason: unknown): void;
}

/** The messages of a client's stream, read from the transport one at a time as they are asked for. */
export class GrpcRequests<T> implements AsyncIterableIterator<T, undefined> {
  readonly #read: () => void;
  #waiting: Waiting<T> | undefined;
  #end: { readonly failure: unknown } | undefined;

  constructor(read: () => void) {
    this.#read = read;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        settle({ resolve, reject }, this.#end.failure);
        return;
      }
      this.#waiting = { resolve, reject };
      this.#read();
    });
  }

  push(value: T): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ done: false, value });
  }

  /** Without a failure: the client half-closed its stream. */
  end(failure?: unknown): void {
    this.#end ??= { failure };
    if (this.#waiting !== undefined) {
      settle(this.#waiting, failure);
      this.#waiting = undefined;
    }
  }
}

function settle(waiting: Waiting<never>, failure: unknown): void {
  if (failure === undefined) {
    waiting.resolve({ done: true, value: undefined });
  } else {
    waiting.reject(failure);
  }
}
