import type { Command } from "./command.ts";

export type Outcome =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "refused"; readonly reason: number; readonly metadata: Readonly<Record<string, string>> }
  | { readonly kind: "broken"; readonly error: unknown };

/** A call and its answer. Stamps rise with every event of a run. */
export interface CallRecord {
  readonly command: Command;
  readonly server: string;
  readonly arrived: number;
  /** The clock of the server when the call arrived and when it answered. */
  readonly arrivedAtMs: number;
  answered: number;
  answeredAtMs: number;
  outcome: Outcome | undefined;
}

/** By name and not by class: a copy of the domain has a class of its own. */
export function toOutcome(error: unknown): Outcome {
  if (error instanceof Error && error.name === "MaruError" && "reason" in error && "metadata" in error) {
    return {
      kind: "refused",
      reason: error.reason as number,
      metadata: error.metadata as Readonly<Record<string, string>>,
    };
  }
  return { kind: "broken", error };
}
