import { FrameChain } from "./frame-chain.ts";

export interface Waiting {
  /** Sends what waits. Must not throw. */
  flush(nowMs: number): void;
}

/** Sends what was given to sockets within a tick at its end: one message for each socket. */
export class Outbox {
  #start = new FrameChain();
  #waiting: Waiting[] = [];
  readonly #flush = () => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#start = new FrameChain();
    const nowMs = performance.now();
    for (const one of waiting) one.flush(nowMs);
  };

  /** The beginning of what a socket sends in this tick. The socket is flushed at the end of it. */
  begin(one: Waiting): FrameChain {
    if (this.#waiting.push(one) === 1) setImmediate(this.#flush);
    return this.#start;
  }
}
