import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { AnyEvent, DeliveryFacts } from "../events/handlers.ts";
import { fromTraceparent } from "./traceparent.ts";

/**
 * Runs a handler in a span of its own trace: a link leads to the send, which may be long ago, and whose trace may have ended.
 */
export async function runInHandlerSpan(
  tracer: Tracer,
  event: AnyEvent,
  ctx: DeliveryFacts,
  run: () => Promise<void>,
): Promise<void> {
  const sent = fromTraceparent(event.entry.traceparent);
  const options = {
    kind: SpanKind.CONSUMER,
    links: sent === undefined ? [] : [{ context: sent }],
    attributes: toAttributes(event, ctx),
  };
  const span = tracer.startSpan(`process ${ctx.topic}`, options, ROOT_CONTEXT);
  try {
    await context.with(trace.setSpan(ROOT_CONTEXT, span), run);
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setAttribute("error.type", error instanceof Error ? error.name : "_OTHER");
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

function toAttributes(event: AnyEvent, ctx: DeliveryFacts): Record<string, string | number> {
  return {
    "messaging.system.name": "kafka",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": ctx.topic,
    "messaging.destination.partition.id": String(ctx.partition),
    "messaging.consumer.group.name": ctx.group,
    "messaging.message.id": `${event.roomId}/${event.seq}`,
    "kafka.message.key": event.roomId,
    "kafka.offset": Number(ctx.offset),
    "maru.event.type": event.type,
    "maru.attempt": ctx.attempt,
  };
}
