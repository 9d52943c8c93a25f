import type { InFlight } from "./in-flight.ts";

export interface ReadinessCheck {
  readonly name: string;
  /** Throws when the server could not serve calls. A text is worth knowing although it could. */
  check(): unknown;
}

export interface ReadinessState {
  readonly ready: boolean;
  /** Why not, by check. */
  readonly failing: Readonly<Record<string, string>>;
  /** What is worth knowing, by check. */
  readonly notes?: Readonly<Record<string, string>>;
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
  const outcomes = await Promise.all(
    checks.map(async (one) => ({ name: one.name, ...(await outcomeOf(one, timeoutMs)) })),
  );
  const told = (what: "failure" | "note") =>
    Object.fromEntries(outcomes.flatMap((one) => (one[what] === undefined ? [] : [[one.name, one[what]]])));
  const failing = told("failure");
  return { ready: Object.keys(failing).length === 0, failing, notes: told("note") };
}

interface Outcome {
  readonly failure?: string;
  readonly note?: string;
}

async function outcomeOf(one: ReadinessCheck, timeoutMs: number): Promise<Outcome> {
  const { promise: late, resolve } = Promise.withResolvers<Outcome>();
  const timer = setTimeout(() => resolve({ failure: `no answer within ${timeoutMs} ms` }), timeoutMs);
  const asked = async () => {
    const note = await one.check();
    return typeof note === "string" ? { note } : {};
  };
  try {
    return await Promise.race([asked(), late]);
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
