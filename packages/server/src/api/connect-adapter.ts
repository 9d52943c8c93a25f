import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import {
  admitCall,
  endCall,
  openCall,
  type Pipeline,
  runBidiStreaming,
  runClientStreaming,
  runServerStreaming,
  runUnary,
} from "./interceptors.ts";
import { tellRateShare } from "./rate-headers.ts";
import { requestIdHeader } from "./request-id.ts";
import { certifiedOf, putCall, type ServedMethod, type ServiceCall, serviceCallOf } from "./service-call.ts";
import type { ServedImplementation, ServiceRegistration } from "./service-registration.ts";
import { traceparentHeader } from "./traceparent.ts";

/** Connect's `requestGate`: opens and admits the call before its body is read. */
export function createRequestGate(
  pipeline: Pipeline,
  services: readonly ServiceRegistration[],
  maxRequestBytes: number,
): (context: HandlerContext) => Promise<void> {
  const methods = new Map<string, ServedMethod>();
  for (const { method } of services.flatMap((registration) => registration.methods)) {
    methods.set(method.name, method);
  }
  return async (context) => {
    const method = methods.get(`${context.service.typeName}/${context.method.name}`);
    if (method === undefined) {
      const metadata = { method: `${context.service.typeName}/${context.method.name}` };
      throw new MaruError(ErrorReason.METHOD_UNKNOWN, { metadata });
    }
    const call = openCall(method, {
      requestId: context.requestHeader.get(requestIdHeader) ?? undefined,
      traceparent: context.requestHeader.get(traceparentHeader) ?? undefined,
      protocol: context.protocolName,
      hasDeadline: context.timeoutMs() !== undefined,
    });
    putCall(context.values, call);
    context.responseHeader.set(requestIdHeader, call.requestId);
    call.onInterrupted = (reason) => {
      if (call.state === "opened") {
        endCall(pipeline, call, reason);
      }
    };
    whenAborted(context.signal, () => onAbort(pipeline, call, context.signal.reason, maxRequestBytes));
    try {
      const authorization = context.requestHeader.get("authorization") ?? undefined;
      await admitCall(pipeline, call, authorization, certifiedOf(context.values));
      requireReadableQuery(context);
    } catch (failure) {
      throw endCall(pipeline, call, failure);
    } finally {
      tellRateShare(call, context.responseHeader);
    }
  };
}

/** Connect answers a query whose base64 is none as if the server had failed. */
function requireReadableQuery(context: HandlerContext): void {
  if (context.requestMethod !== "GET") {
    return;
  }
  const query = new URL(context.url).searchParams;
  if (query.get("base64") === "1") {
    try {
      base64Decode(query.get("message") ?? "");
    } catch (cause) {
      throw new MaruError(ErrorReason.MALFORMED_REQUEST, { message: "the query's message is no base64", cause });
    }
  }
}

/** Serves one method on a router whose gate is `createRequestGate`. */
export function routeMethod(
  pipeline: Pipeline,
  router: ConnectRouter,
  { spec }: ServedImplementation,
  maxRequestBytes: number,
): void {
  switch (spec.kind) {
    case "unary":
      router.rpc(spec.method, (request, context) =>
        runUnary(pipeline, serviceCallOf(context), spec.impl, request, context),
      );
      break;
    case "server_streaming":
      router.rpc(spec.method, (request, context) =>
        runServerStreaming(pipeline, serviceCallOf(context), spec.impl, request, context),
      );
      break;
    case "client_streaming":
      router.rpc(spec.method, (requests, context) =>
        runClientStreaming(pipeline, serviceCallOf(context), spec.impl, readable(requests, maxRequestBytes), context),
      );
      break;
    case "bidi_streaming":
      router.rpc(spec.method, (requests, context) =>
        runBidiStreaming(pipeline, serviceCallOf(context), spec.impl, readable(requests, maxRequestBytes), context),
      );
  }
}

async function* readable(requests: AsyncIterable<MessageShape<DescMessage>>, maxRequestBytes: number) {
  try {
    yield* requests;
  } catch (failure) {
    throw failure instanceof ConnectError ? toReadError(failure, maxRequestBytes) : failure;
  }
}

function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) {
    listener();
  } else {
    signal.addEventListener("abort", listener, { once: true });
  }
}

/**
 * Connect aborts a call's signal with each error before it sends it, also with those that arise outside of our
 * handlers: bytes that cannot be read, a body that is too large, a deadline. Here they become ours.
 */
function onAbort(pipeline: Pipeline, call: ServiceCall, reason: unknown, maxRequestBytes: number): void {
  if (reason instanceof ConnectError && reason.details.length > 0) {
    return;
  }
  if (call.state === "running") {
    call.interrupt(toInterruption(reason));
  } else if (call.state === "opened") {
    const error = toReadError(reason, maxRequestBytes);
    call.interrupt(error);
    replaceBy(reason, endCall(pipeline, call, error));
  } else if (reason instanceof ConnectError) {
    replaceBy(reason, endCall(pipeline, call, reason));
  }
}

/** What ends a call whose request was read. */
function toInterruption(reason: unknown): MaruError {
  const deadline = reason instanceof ConnectError && reason.code === Code.DeadlineExceeded;
  return new MaruError(deadline ? ErrorReason.DEADLINE_EXCEEDED : ErrorReason.CANCELLED);
}

function toReadError(reason: unknown, maxRequestBytes: number): MaruError {
  if (!(reason instanceof ConnectError)) {
    return toInterruption(reason);
  }
  switch (reason.code) {
    case Code.ResourceExhausted:
      return new MaruError(ErrorReason.REQUEST_TOO_LARGE, { metadata: { limit_bytes: maxRequestBytes } });
    case Code.InvalidArgument:
    case Code.Internal:
    case Code.Unimplemented:
      return malformed(reason);
    default:
      return toInterruption(reason);
  }
}

function malformed(cause: ConnectError): MaruError {
  return new MaruError(ErrorReason.MALFORMED_REQUEST, { message: cause.rawMessage, cause });
}

/** Connect sends the very error that it aborted with. */
function replaceBy(sent: unknown, answer: ConnectError): void {
  if (sent instanceof ConnectError) {
    const { code, message, rawMessage, details } = answer;
    Object.assign(sent, { code, message, rawMessage, details });
  }
}
