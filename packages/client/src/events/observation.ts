import type { ConsumerTracing } from "./consumer-tracing.ts";
import type { AnyEvent, DeliveryFacts } from "./handlers.ts";
import type { ConsumerMeter, ConsumerMetrics, DeliveryOutcome, WatchedConsumer } from "./metrics.ts";

/** The meter of a consumer that nobody measures. */
export const noMeter: ConsumerMeter = {
  delivered() {},
  retried() {},
  repeatDropped() {},
  healed() {},
  gapTold() {},
  parked() {},
  skipped() {},
  redriven() {},
  committed() {},
  closed() {},
};

/** What is seen of a consumer from outside. */
export interface Observation {
  readonly meter: ConsumerMeter;
  /** Runs a handler, and stores what it wrote, where tracing and metrics see it. Rejects as `run` does. */
  around(event: AnyEvent, ctx: DeliveryFacts, run: () => Promise<"processed" | "repeat">): Promise<void>;
  /** An event has no handler, and is done. */
  passedOver(event: AnyEvent): void;
}

/** What a consumer is observed with. */
export interface ObservationDeps {
  readonly tracing: ConsumerTracing | undefined;
  readonly metrics: ConsumerMetrics | undefined;
  readonly steadyMs: () => number;
}

/** Observes one consumer, as its options say. */
export function observe({ tracing, metrics, steadyMs }: ObservationDeps, consumer: WatchedConsumer): Observation {
  const meter = metrics?.watch(consumer) ?? noMeter;

  async function measured(event: AnyEvent, ctx: DeliveryFacts, run: () => Promise<"processed" | "repeat">) {
    const startedMs = steadyMs();
    const delivered = (outcome: DeliveryOutcome) =>
      meter.delivered({ event, ctx, outcome, seconds: (steadyMs() - startedMs) / 1000 });
    try {
      if ((await run()) === "repeat") meter.repeatDropped();
      else delivered("handled");
    } catch (error) {
      delivered("failed");
      throw error;
    }
  }

  return {
    meter,
    async around(event, ctx, run) {
      const seen = metrics === undefined ? async () => void (await run()) : () => measured(event, ctx, run);
      await (tracing === undefined ? seen() : tracing.traceHandler(event, ctx, seen));
    },
    passedOver(event) {
      meter.delivered({ event, ctx: undefined, outcome: "unhandled", seconds: 0 });
    },
  };
}
