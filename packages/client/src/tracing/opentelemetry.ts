import { type Tracer, type TracerProvider, trace } from "@opentelemetry/api";
import type { CallTracing } from "../call-tracing.ts";
import type { ConsumerTracing } from "../events/consumer-tracing.ts";
import { callInterceptor } from "./call-span.ts";
import { runInHandlerSpan } from "./handler-span.ts";

/** Options of {@link openTelemetryTracing}. */
export interface OpenTelemetryTracingOptions {
  /** Where the spans go. @default the provider that is registered with `@opentelemetry/api`, now or later */
  readonly tracerProvider?: TracerProvider;
}

/**
 * Spans of OpenTelemetry, for `connectMaru` and `subscribe`. Each try of a call is a span of kind CLIENT, named after its
 * method; its context goes to the server as `traceparent`, and is kept with the entry that the call makes. Each call of a
 * handler is a span of kind CONSUMER, `process <topic>`, with a link to the span of the send, whichever service sent; what
 * the handler does is inside of it. Names are those of the semantic conventions 1.45 for RPC, messaging and Kafka.
 *
 * It uses `@opentelemetry/api` alone: without an SDK it does nothing. Set a context manager up, as the SDKs for Node do, or
 * spans will not know each other.
 *
 * @example
 * const tracing = openTelemetryTracing();
 * await using maru = connectMaru({ address: "localhost:50051", tracing });
 * await using consumer = await subscribe(maru, { brokers, group: "push", tracing }, { messageSent: push });
 */
export function openTelemetryTracing(options: OpenTelemetryTracingOptions = {}): CallTracing & ConsumerTracing {
  const provider = options.tracerProvider ?? trace.getTracerProvider();
  const tracer: Tracer = provider.getTracer("@maru/client");
  return {
    toServer: (server) => callInterceptor(tracer, server),
    traceHandler: (event, ctx, run) => runInHandlerSpan(tracer, event, ctx, run),
  };
}
