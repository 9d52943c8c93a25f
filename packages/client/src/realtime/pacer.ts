/** Sends frames no faster than a gateway reads them: it closes the connection of who sends many more. */
export class Pacer {
  readonly #send: (frame: string | Uint8Array<ArrayBuffer>) => void;
  readonly #waiting: (string | Uint8Array<ArrayBuffer>)[] = [];
  #perSecond = Number.POSITIVE_INFINITY;
  #left = Number.POSITIVE_INFINITY;
  #filledAtMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (frame: string | Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  /** 0: no limit. */
  limit(framesPerSecond: number): void {
    if (framesPerSecond === 0) return;
    this.#perSecond = framesPerSecond;
    this.#left = framesPerSecond;
    this.#filledAtMs = Date.now();
  }

  send(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#waiting.push(frame);
    this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #run(): void {
    clearTimeout(this.#timer);
    if (this.#perSecond !== Number.POSITIVE_INFINITY) {
      const nowMs = Date.now();
      const grown = this.#left + (Math.max(0, nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
      this.#left = Math.min(this.#perSecond, grown);
      this.#filledAtMs = nowMs;
    }
    while (this.#left >= 1) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.#left -= 1;
      this.#send(frame);
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#run(), Math.ceil(1000 / this.#perSecond));
  }
}
