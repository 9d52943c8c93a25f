interface Verified {
  readonly caller: string;
  readonly goodUntilMs: number;
}

/** Tokens whose signature was checked, each until it expires; the oldest goes when there are too many. */
export class TokenCache {
  readonly #limit: number;
  readonly #byToken = new Map<string, Verified>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(token: string, nowMs: number): string | undefined {
    const verified = this.#byToken.get(token);
    if (verified === undefined) {
      return undefined;
    }
    if (verified.goodUntilMs <= nowMs) {
      this.#byToken.delete(token);
      return undefined;
    }
    return verified.caller;
  }

  set(token: string, caller: string, goodUntilMs: number): void {
    this.#byToken.delete(token);
    for (const oldest of this.#byToken.keys()) {
      if (this.#byToken.size < this.#limit) {
        break;
      }
      this.#byToken.delete(oldest);
    }
    if (this.#limit > 0) {
      this.#byToken.set(token, { caller, goodUntilMs });
    }
  }
}
