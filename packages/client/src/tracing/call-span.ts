import type { DescMethod } from "@bufbuild/protobuf";
import { type Code, ConnectError, type Interceptor, type StreamResponse } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { TracedServer } from "../call-tracing.ts";
import { statusName } from "../status-name.ts";
import { toTraceHeaders } from "./traceparent.ts";

/** A span around each call to one server, whose context is sent with it. */
export function callInterceptor(tracer: Tracer, server: TracedServer): Interceptor {
  const attributes = serverAttributes(server);
  const nameOf = server.protocol === "grpc" ? statusName : codeToString;
  return (next) => async (request) => {
    const method = methodName(request.method);
    const options = { kind: SpanKind.CLIENT, attributes: { ...attributes, "rpc.method": method } };
    const span = tracer.startSpan(method, options);
    if (!request.header.has("traceparent")) {
      for (const [name, value] of Object.entries(toTraceHeaders(span.spanContext()))) request.header.set(name, value);
    }
    const inside = trace.setSpan(context.active(), span);
    try {
      const response = await context.with(inside, next, undefined, request);
      if (response.stream) {
        // Whoever leaves a stream, or gives it up, aborts it; nothing more is read then.
        request.signal.addEventListener("abort", () => span.end(), { once: true });
        return { ...response, message: tracedMessages(response, request.signal, span, server, nameOf) };
      }
      endWell(span, server);
      return response;
    } catch (error) {
      endBadly(span, error, nameOf);
      throw error;
    }
  };
}

/** A stream lasts until its last message. */
async function* tracedMessages(
  { message }: StreamResponse,
  signal: AbortSignal,
  span: Span,
  server: TracedServer,
  nameOf: (code: Code) => string,
): StreamResponse["message"] {
  try {
    yield* message;
    if (!signal.aborted) endWell(span, server);
  } catch (error) {
    if (!signal.aborted) endBadly(span, error, nameOf);
    throw error;
  }
}

function endWell(span: Span, { protocol }: TracedServer): void {
  if (protocol === "grpc") span.setAttribute("rpc.response.status_code", "OK"); // Connect has no code for success.
  span.end();
}

function endBadly(span: Span, thrown: unknown, nameOf: (code: Code) => string): void {
  const error = ConnectError.from(thrown);
  const code = nameOf(error.code);
  span.setAttributes({ "rpc.response.status_code": code, "error.type": code });
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.rawMessage });
  span.end();
}

function serverAttributes({ protocol, name }: TracedServer): Record<string, string | number> {
  const { hostname, port, protocol: scheme } = new URL(protocol === "grpc" ? `grpc://${name}` : name);
  return {
    "rpc.system.name": protocol === "grpc" ? "grpc" : "connectrpc",
    "server.address": hostname.replace(/^\[|\]$/g, ""),
    "server.port": port === "" ? (scheme === "https:" ? 443 : 80) : Number(port),
  };
}

const methodName = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;
