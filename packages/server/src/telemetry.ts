import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const durationBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All metrics of one server. Nothing is global, so that several servers live in one process. */
export interface Telemetry {
  readonly registry: Registry;
  readonly calls: Counter<"method" | "code">;
  readonly callDuration: Histogram<"method" | "code">;
  readonly tokenChecks: Counter<"result">;
  readonly keySetLoads: Counter<"result">;
  readonly policyLoads: Counter<"result">;
  readonly storeUnits: Counter<"kind" | "operation">;
  readonly storeRequests: Counter<"operation">;
  readonly appendsLost: Counter;
  readonly holdsExpired: Counter;
  readonly eventsRefilled: Counter;
  readonly canaryDelay: Histogram<"step">;
  /** A value that is asked for when metrics are read; NaN: it is not known here. */
  gauge(name: string, help: string, read: () => number): void;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
}

export interface TelemetryOptions {
  /** Also memory, CPU, event loop and garbage collection of the process. */
  readonly processMetrics: boolean;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics) {
    collectDefaultMetrics({ register: registry });
  }
  return {
    registry,
    calls: new Counter({
      name: "maru_rpc_calls_total",
      help: "Calls that ended, by method and gRPC code.",
      labelNames: ["method", "code"],
      registers,
    }),
    callDuration: new Histogram({
      name: "maru_rpc_duration_seconds",
      help: "Time from a call's headers to its status, by method and gRPC code.",
      labelNames: ["method", "code"],
      buckets: durationBucketsSeconds,
      registers,
    }),
    tokenChecks: new Counter({
      name: "maru_token_checks_total",
      help: "Tokens that were checked: verified by signature, cached as verified before, refused, or unavailable as their issuer's keys are.",
      labelNames: ["result"],
      registers,
    }),
    keySetLoads: new Counter({
      name: "maru_key_set_loads_total",
      help: "How often the keys of the tokens' issuer were loaded, or could not be (failed).",
      labelNames: ["result"],
      registers,
    }),
    policyLoads: new Counter({
      name: "maru_policy_loads_total",
      help: "How often a new policy file was loaded, or refused; the old one then stays.",
      labelNames: ["result"],
      registers,
    }),
    storeUnits: new Counter({
      name: "maru_store_units_total",
      help: "Read and write units of the table, as it reports them; a refused put counts as one write unit.",
      labelNames: ["kind", "operation"],
      registers,
    }),
    storeRequests: new Counter({
      name: "maru_store_requests_total",
      help: "Requests that the table has answered.",
      labelNames: ["operation"],
      registers,
    }),
    appendsLost: new Counter({
      name: "maru_appends_lost_total",
      help: "Puts that lost their number to another server, and were tried again.",
      registers,
    }),
    holdsExpired: new Counter({
      name: "maru_holds_expired_total",
      help: "Held messages whose time ran out and whose cancellation this server wrote.",
      registers,
    }),
    eventsRefilled: new Counter({
      name: "maru_missing_events_refilled_total",
      help: "Entries that the topic lacked and that this server wrote into it again.",
      registers,
    }),
    canaryDelay: new Histogram({
      name: "maru_canary_delay_seconds",
      help: "How long the canary's messages take, by step: relay (commit to relay), kafka (relay to broker), read (broker to reader), all.",
      labelNames: ["step"],
      buckets: durationBucketsSeconds,
      registers,
    }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    text: () => registry.metrics(),
  };
}

export function countStoreUnits(
  telemetry: Pick<Telemetry, "storeUnits">,
  kind: "read" | "write",
  operation: string,
  units: number,
): void {
  telemetry.storeUnits.inc({ kind, operation }, units);
}
