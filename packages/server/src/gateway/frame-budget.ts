/** So many frames a second in the long run, and so many at once. */
export interface FrameRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a connection has left. Refused frames count too, so that who goes on regardless is cut off. */
export class FrameBudget {
  readonly #rate: FrameRate;
  #left: number;
  #filledAtMs: number;

  constructor(rate: FrameRate, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** 0 when the frame may be read, otherwise after how long the next one may be, or "flood". */
  take(nowMs: number): number | "flood" {
    const { perSecond, burst } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#filledAtMs) / 1000) * perSecond) - 1;
    this.#filledAtMs = nowMs;
    if (this.#left >= 0) return 0;
    if (this.#left < -burst) return "flood";
    return Math.ceil(((1 - this.#left) / perSecond) * 1000);
  }
}
