import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type ConnectError, type ContextKey, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { StreamCall } from "../domain/call.ts";
import type { MaruError } from "../errors.ts";
import type { Grant } from "../policy/policy.ts";
import type { RateShare } from "../policy/rate-limiter.ts";
import type { RequestReader } from "./request-reader.ts";

/** `services`: only callers that prove who they are. `anyone`: health and reflection. */
export type Access = "services" | "anyone";

export interface ServedMethod {
  /** `maru.chat.v1.MessageService/SendMessage` */
  readonly name: string;
  readonly descriptor: DescMethod;
  readonly access: Access;
  /** Of those who run Maru: every such call is in the audit log. */
  readonly administrative: boolean;
  readonly reader: RequestReader;
}

/** One call from its headers to its end, the same for every transport. */
export class ServiceCall implements StreamCall {
  readonly method: ServedMethod;
  readonly requestId: string;
  readonly traceparent: string;
  readonly protocol: string;
  readonly startedMs: number;
  readonly hasDeadline: boolean;
  caller = "";
  /** What the caller may do. Set when the call is admitted. */
  grant: Grant | undefined;
  /** Undefined when the caller's calls are not counted. */
  rateShare: RateShare | undefined;
  /** The latest one, once it was decoded. */
  request: Message | undefined;
  state: "opened" | "running" | "ended" = "opened";
  deadlineTimer: NodeJS.Timeout | undefined;
  /** The transport's part: answers a call whose work has not begun, for no work will end then. */
  onInterrupted: ((reason: MaruError) => void) | undefined;
  /** Ends a stream whose last message the transport has not taken yet. */
  onStalled: ((reason: MaruError) => void) | undefined;
  /** What was sent, if the call failed. */
  answer: ConnectError | undefined;
  #interruption: MaruError | undefined;
  #controller: AbortController | undefined;
  #draining: AbortController | undefined;
  #drained = false;
  #reject: ((reason: MaruError) => void) | undefined;

  constructor(
    method: ServedMethod,
    {
      requestId,
      traceparent,
      protocol,
      hasDeadline,
    }: Pick<ServiceCall, "requestId" | "traceparent" | "protocol" | "hasDeadline">,
  ) {
    this.method = method;
    this.requestId = requestId;
    this.traceparent = traceparent;
    this.protocol = protocol;
    this.hasDeadline = hasDeadline;
    this.startedMs = performance.now();
  }

  /** Why nobody waits for the answer any more. */
  get interruption(): MaruError | undefined {
    return this.#interruption;
  }

  /** Made when it is first asked for: most calls never need one, and aborting is dear. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#interruption !== undefined) {
        this.#controller.abort(this.#interruption);
      }
    }
    return this.#controller.signal;
  }

  get draining(): AbortSignal {
    if (this.#draining === undefined) {
      this.#draining = new AbortController();
      if (this.#drained) {
        this.#draining.abort();
      }
    }
    return this.#draining.signal;
  }

  /** Asks the work to end by itself. False when it never asked whether it should. */
  drain(): boolean {
    this.#drained = true;
    this.#draining?.abort();
    return this.#draining !== undefined;
  }

  interrupt(reason: MaruError): void {
    if (this.#interruption !== undefined || this.state === "ended") {
      return;
    }
    this.#interruption = reason;
    this.#controller?.abort(reason);
    this.#reject?.(reason);
    this.onStalled?.(reason);
    this.onInterrupted?.(reason);
  }

  /** The promise's outcome, or the interruption if that comes first, also when the work ignores its signal. */
  orInterrupted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#interruption !== undefined) {
        reject(this.#interruption);
      }
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }
}

const callKey: ContextKey<ServiceCall | undefined> = createContextKey<ServiceCall | undefined>(undefined);

export function putCall(values: HandlerContext["values"], call: ServiceCall): void {
  values.set(callKey, call);
}

const certifiedKey: ContextKey<string | undefined> = createContextKey<string | undefined>(undefined);

/** The service that the client's certificate names, from the connection to where the call is admitted. */
export function putCertified(values: HandlerContext["values"], service: string | undefined): void {
  if (service !== undefined) values.set(certifiedKey, service);
}

export function certifiedOf(values: HandlerContext["values"]): string | undefined {
  return values.get(certifiedKey);
}

/** Nothing before the call is opened. */
export function findCall(values: HandlerContext["values"]): ServiceCall | undefined {
  return values.get(callKey);
}

export function serviceCallOf(context: Pick<HandlerContext, "values">): ServiceCall {
  const call = findCall(context.values);
  if (call === undefined) {
    throw new Error("the context belongs to no call of the pipeline");
  }
  return call;
}

/** What a handler passes to the domain. */
export function callOf(context: Pick<HandlerContext, "values">): StreamCall {
  return serviceCallOf(context);
}
