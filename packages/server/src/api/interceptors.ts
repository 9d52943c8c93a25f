import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { Identity } from "../identity/tokens.ts";
import type { CallRecord } from "./call-record.ts";
import { admitCaller, type Grants, requireGranted } from "./grants.ts";
import type { InFlight } from "./in-flight.ts";
import { toRequestId } from "./request-id.ts";
import { type ServedMethod, ServiceCall } from "./service-call.ts";
import { toTraceparent } from "./traceparent.ts";
import type { Validate } from "./validation.ts";

/** What the steps around every method use. */
export interface Pipeline {
  readonly identity: Identity;
  readonly grants: Grants;
  readonly validate: Validate;
  readonly inFlight: InFlight;
  readonly record: CallRecord;
  /** What is sent for an error, with the details of the contract. */
  readonly toAnswer: (error: unknown, requestId: string) => ConnectError;
  readonly defaultDeadlineMs: number;
}

export interface CallHeaders {
  readonly requestId: string | undefined;
  readonly protocol: string;
  readonly traceparent: string | undefined;
  /** Whether the caller gave one; the transport then keeps it and interrupts the call. */
  readonly hasDeadline: boolean;
}

/** First step, when the headers are there. Every opened call is ended, once. */
export function openCall(method: ServedMethod, headers: CallHeaders): ServiceCall {
  return new ServiceCall(method, {
    requestId: toRequestId(headers.requestId),
    traceparent: toTraceparent(headers.traceparent),
    protocol: headers.protocol,
    hasDeadline: headers.hasDeadline,
  });
}

/**
 * Second step, before the body is read: is it time for calls, who calls, and may this service call this method now?
 * `certified` is the service that the client's certificate names. A promise only when a token is new.
 */
export function admitCall(
  pipeline: Pipeline,
  call: ServiceCall,
  authorization: string | undefined,
  certified: string | undefined,
): Promise<void> | undefined {
  const forAnyone = call.method.access === "anyone";
  if (!forAnyone && pipeline.inFlight.draining) {
    throw new MaruError(ErrorReason.DRAINING);
  }
  pipeline.inFlight.enter(call);
  startDeadline(pipeline, call);
  if (forAnyone) {
    return undefined;
  }
  if (certified !== undefined && !authorization) {
    admitCaller(pipeline.grants, call, certified, certified);
    return undefined;
  }
  const caller = pipeline.identity.callerOf(authorization);
  if (typeof caller === "string") {
    admitCaller(pipeline.grants, call, caller, certified);
    return undefined;
  }
  return caller.then((name) => admitCaller(pipeline.grants, call, name, certified));
}

/** Streams have no deadline unless the caller gives one. */
function startDeadline(pipeline: Pipeline, call: ServiceCall): void {
  if (!call.hasDeadline && call.method.descriptor.methodKind === "unary") {
    call.deadlineTimer = setTimeout(
      () => call.interrupt(new MaruError(ErrorReason.DEADLINE_EXCEEDED)),
      pipeline.defaultDeadlineMs,
    );
  }
}

/**
 * Third step, with the decoded request: is it valid, and may this service ask it? A promise only when the answer lies
 * with rooms that were not read before.
 */
function checkRequest(pipeline: Pipeline, call: ServiceCall, request: Message): Promise<void> | undefined {
  call.request = request;
  pipeline.validate(call.method.descriptor.input, request);
  return requireGranted(pipeline.grants, call, request);
}

/** Last step: counts and logs, and says what is sent. Ending a call again only says it again. */
export function endCall(pipeline: Pipeline, call: ServiceCall, failure: unknown): ConnectError {
  if (call.answer !== undefined && failure === call.answer) {
    return call.answer;
  }
  const error = call.interruption ?? failure;
  const answer = call.answer ?? pipeline.toAnswer(error, call.requestId);
  if (leave(pipeline, call)) {
    call.answer = answer;
    pipeline.record.failed(call, answer, error);
  } else {
    recordLate(pipeline, call, failure);
  }
  return answer;
}

/** Work that was interrupted, and fails for that reason, has nothing to tell. */
function recordLate(pipeline: Pipeline, call: ServiceCall, failure: unknown): void {
  if (failure !== call.interruption) {
    pipeline.record.failedLate(call, failure);
  }
}

function endWell(pipeline: Pipeline, call: ServiceCall): void {
  if (leave(pipeline, call)) {
    pipeline.record.succeeded(call);
  }
}

function leave(pipeline: Pipeline, call: ServiceCall): boolean {
  if (call.state === "ended") {
    return false;
  }
  call.state = "ended";
  clearTimeout(call.deadlineTimer);
  pipeline.inFlight.leave(call);
  return true;
}

type Implementation<Kind extends MethodImplSpec["kind"]> = Extract<MethodImplSpec, { kind: Kind }>["impl"];
type AnyMessage = MessageShape<DescMessage>;

function beginWork(call: ServiceCall): void {
  if (call.answer !== undefined) {
    throw call.answer;
  }
  call.state = "running";
}

/** What work does after its caller was answered is not lost, but logged. */
async function orInterrupted<T>(pipeline: Pipeline, call: ServiceCall, work: Promise<T>): Promise<T> {
  try {
    return await call.orInterrupted(work);
  } catch (failure) {
    if (failure === call.interruption) {
      work.catch((late: unknown) => recordLate(pipeline, call, late));
    }
    throw failure;
  }
}

export async function runUnary(
  pipeline: Pipeline,
  call: ServiceCall,
  implementation: Implementation<"unary">,
  request: AnyMessage,
  context: HandlerContext,
): Promise<Awaited<ReturnType<Implementation<"unary">>>> {
  try {
    beginWork(call);
    const checked = checkRequest(pipeline, call, request);
    if (checked !== undefined) {
      await orInterrupted(pipeline, call, checked);
    }
    const answer = await orInterrupted(pipeline, call, Promise.resolve(implementation(request, context)));
    endWell(pipeline, call);
    return answer;
  } catch (failure) {
    throw endCall(pipeline, call, failure);
  }
}

export async function runClientStreaming(
  pipeline: Pipeline,
  call: ServiceCall,
  implementation: Implementation<"client_streaming">,
  requests: AsyncIterable<AnyMessage>,
  context: HandlerContext,
): Promise<Awaited<ReturnType<Implementation<"client_streaming">>>> {
  try {
    beginWork(call);
    const work = implementation(checked(pipeline, call, requests), context);
    const answer = await orInterrupted(pipeline, call, work);
    endWell(pipeline, call);
    return answer;
  } catch (failure) {
    throw endCall(pipeline, call, failure);
  }
}

export function runServerStreaming(
  pipeline: Pipeline,
  call: ServiceCall,
  implementation: Implementation<"server_streaming">,
  request: AnyMessage,
  context: HandlerContext,
) {
  return runStream(pipeline, call, async () => {
    await checkRequest(pipeline, call, request);
    return implementation(request, context);
  });
}

export function runBidiStreaming(
  pipeline: Pipeline,
  call: ServiceCall,
  implementation: Implementation<"bidi_streaming">,
  requests: AsyncIterable<AnyMessage>,
  context: HandlerContext,
) {
  return runStream(pipeline, call, async () => implementation(checked(pipeline, call, requests), context));
}

async function* runStream<T>(
  pipeline: Pipeline,
  call: ServiceCall,
  begin: () => Promise<AsyncIterable<T>>,
): AsyncGenerator<T> {
  let iterator: AsyncIterator<T> | undefined;
  // Not awaited: an implementation that ignores its signal would hold the answer back.
  const stop = () => iterator?.return?.().catch((failure: unknown) => recordLate(pipeline, call, failure));
  try {
    beginWork(call);
    const answers = await orInterrupted(pipeline, call, begin());
    iterator = answers[Symbol.asyncIterator]();
    for (;;) {
      const next = await orInterrupted(pipeline, call, iterator.next());
      if (next.done === true) {
        break;
      }
      // A caller who does not read would keep the call for as long as the connection lasts.
      call.onStalled = (reason) => {
        endCall(pipeline, call, reason);
        stop();
      };
      yield next.value;
      call.onStalled = undefined;
      if (call.answer !== undefined) {
        throw call.answer;
      }
    }
    endWell(pipeline, call);
  } catch (failure) {
    throw endCall(pipeline, call, failure);
  } finally {
    if (call.state !== "ended") {
      call.interrupt(new MaruError(ErrorReason.CANCELLED));
      endCall(pipeline, call, call.interruption);
    }
    call.onStalled = undefined;
    stop();
  }
}

async function* checked(pipeline: Pipeline, call: ServiceCall, requests: AsyncIterable<AnyMessage>) {
  for await (const request of requests) {
    await checkRequest(pipeline, call, request);
    yield request;
  }
}
