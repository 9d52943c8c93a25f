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
  /**
   * Calls a handler where tracing and metrics see it. Undefined when it has ended already; otherwise a promise of its end, which
   * rejects when it throws.
   */
  atOnce<C extends DeliveryFacts>(event: AnyEvent, ctx: C, handler: Call<C> | undefined): Promise<void> | undefined;
  /** An event has no handler, and is done. */
  passedOver(event: AnyEvent): void;
}

/** A handler, as far as it is observed. */
type Call<C> = (event: AnyEvent, ctx: C) => unknown;

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

  async function around(event: AnyEvent, ctx: DeliveryFacts, run: () => Promise<"processed" | "repeat">) {
    const seen = metrics === undefined ? async () => void (await run()) : () => measured(event, ctx, run);
    await (tracing === undefined ? seen() : tracing.traceHandler(event, ctx, seen));
  }

  /** Undefined when the handler has ended. */
  function ended<C>(event: AnyEvent, ctx: C, handler: Call<C> | undefined): Promise<void> | undefined {
    try {
      const result = handler?.(event, ctx);
      return isThenable(result) ? Promise.resolve(result).then(() => {}) : undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return {
    meter,
    atOnce(event, ctx, handler) {
      if (tracing !== undefined) {
        return around(event, ctx, async () => {
          await handler?.(event, ctx);
          return "processed";
        });
      }
      if (metrics === undefined) return ended(event, ctx, handler);
      const startedMs = steadyMs();
      const outcome = ended(event, ctx, handler);
      const delivered = (how: DeliveryOutcome) =>
        meter.delivered({ event, ctx, outcome: how, seconds: (steadyMs() - startedMs) / 1000 });
      if (outcome === undefined) {
        delivered("handled");
        return undefined;
      }
      return outcome.then(
        () => delivered("handled"),
        (error) => {
          delivered("failed");
          throw error;
        },
      );
    },
    around,
    passedOver(event) {
      meter.delivered({ event, ctx: undefined, outcome: "unhandled", seconds: 0 });
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";
}
