import type { Claim } from "./claim.ts";
import type { RevokeReason } from "./consumer-options.ts";
import type { TopicPartition } from "./errors.ts";

/** The claims that the consumer holds now, and how they are given up. */
export class Assignment {
  readonly #byName = new Map<string, Claim>();
  readonly #tell: (claims: Claim[], reason: RevokeReason) => void | Promise<void>;
  readonly #onError: (error: Error) => void;

  constructor(tell: (claims: Claim[], reason: RevokeReason) => void | Promise<void>, onError: (error: Error) => void) {
    this.#tell = tell;
    this.#onError = onError;
  }

  get claims(): Claim[] {
    return [...this.#byName.values()];
  }

  find(at: TopicPartition): Claim | undefined {
    return this.#byName.get(nameOf(at));
  }

  add(claims: readonly Claim[]): void {
    for (const claim of claims) this.#byName.set(nameOf(claim), claim);
  }

  /** Stops fetching, and keeps the claims. */
  hold(): void {
    for (const claim of this.claims) claim.hold();
  }

  drop(): void {
    for (const claim of this.claims) claim.lose();
    this.#byName.clear();
  }

  /**
   * Tells the owner of the claims that they are given up. On `close` they are kept until `drop`; on `rebalance` they are lost
   * when the owner's callback returns, which leaves it time to commit; on `crash` they are lost before.
   */
  async revoke(reason: RevokeReason): Promise<void> {
    const announced = this.claims.filter((claim) => claim.announced);
    if (reason === "crash") this.drop();
    try {
      const told = announced.length > 0 ? this.#tell(announced, reason) : undefined;
      if (reason === "rebalance") this.drop();
      await told;
    } catch (error) {
      if (reason === "rebalance") this.drop();
      this.#onError(toError(error));
    }
  }
}

/** What was thrown, as an error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function nameOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}
