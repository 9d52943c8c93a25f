import type { InFlight } from "./in-flight.ts";

export interface ReadinessCheck {
  readonly name: string;
  /** Throws when the server could not serve calls. */
  check(): Promise<void> | void;
}

export interface ReadinessState {
  readonly ready: boolean;
  /** Why not, by check. */
  readonly failing: Readonly<Record<string, string>>;
}

export interface Readiness {
  state(): Promise<ReadinessState>;
}

export interface ReadinessOptions {
  readonly checks: readonly ReadinessCheck[];
  readonly inFlight: Pick<InFlight, "draining">;
  /** A check that has not answered by then failed. */
  readonly timeoutMs: number;
  /** Answers are good for so long, so that probes do not weigh on what they probe. */
  readonly maxAgeMs: number;
}

export function createReadiness(options: ReadinessOptions): Readiness {
  let latest: { readonly askedAtMs: number; readonly state: Promise<ReadinessState> } | undefined;
  return {
    async state() {
      if (options.inFlight.draining) {
        return { ready: false, failing: { draining: "the server is shutting down" } };
      }
      if (latest === undefined || performance.now() - latest.askedAtMs >= options.maxAgeMs) {
        latest = { askedAtMs: performance.now(), state: runChecks(options) };
      }
      return latest.state;
    },
  };
}

async function runChecks({ checks, timeoutMs }: ReadinessOptions): Promise<ReadinessState> {
  const outcomes = await Promise.all(checks.map(async (one) => [one.name, await failureOf(one, timeoutMs)] as const));
  const failing = Object.fromEntries(
    outcomes.flatMap(([name, failure]) => (failure === undefined ? [] : [[name, failure]])),
  );
  return { ready: Object.keys(failing).length === 0, failing };
}

async function failureOf(one: ReadinessCheck, timeoutMs: number): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  try {
    return await Promise.race([Promise.resolve(one.check()).then(() => undefined), late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
