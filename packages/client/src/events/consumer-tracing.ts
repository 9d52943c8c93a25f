import type { AnyEvent, DeliveryFacts } from "./handlers.ts";

/** Traces handlers: `openTelemetryTracing()` of `@maru/client/tracing/opentelemetry` makes one. */
export interface ConsumerTracing {
  /** Runs the handler of an event inside of a span, say. Must call `run` once, and resolve or reject as it does. */
  traceHandler(event: AnyEvent, ctx: DeliveryFacts, run: () => Promise<void>): Promise<void>;
}
