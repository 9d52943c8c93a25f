import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { status as grpcStatus, type Metadata, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import { toStatusBytes } from "./error-details.ts";
import { GrpcContext } from "./grpc-context.ts";
import { GrpcRequests } from "./grpc-requests.ts";
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
import { binaryReadOptions } from "./read-options.ts";
import { requestIdHeader } from "./request-id.ts";
import type { ServiceCall } from "./service-call.ts";
import type { ServedImplementation } from "./service-registration.ts";
import { traceparentHeader } from "./traceparent.ts";
import { UnpaddedMetadata } from "./unpadded-metadata.ts";

type Status = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];
type AnyMessage = MessageShape<DescMessage>;
type AnyAnswer = MessageInitShape<DescMessage>;

export interface GrpcCallOptions {
  readonly pipeline: Pipeline;
  readonly transport: ServerInterceptingCallInterface;
  readonly served: ServedImplementation;
  readonly metadata: Metadata;
  /** Answers a status that grpc-js itself sent, by deadline or size for example. */
  readonly sendStatus: (status: Status) => void;
  readonly maxRequestBytes: number;
}

/** One call on the gRPC listener, from its headers on. */
export class GrpcCall {
  readonly #options: GrpcCallOptions;
  readonly #call: ServiceCall;
  readonly #context: GrpcContext;
  #request: Uint8Array | undefined;
  #requests: GrpcRequests<AnyMessage> | undefined;
  #afterWrite: (() => void) | undefined;
  #headersSent = false;
  #answered = false;

  constructor(options: GrpcCallOptions) {
    const { transport, served, metadata } = options;
    this.#options = options;
    this.#call = openCall(served.method, {
      requestId: headerOf(metadata, requestIdHeader),
      traceparent: headerOf(metadata, traceparentHeader),
      protocol: "grpc",
      hasDeadline: Number.isFinite(Number(transport.getDeadline())),
    });
    this.#call.onInterrupted = (reason) => this.#onInterrupted(reason);
    this.#context = new GrpcContext(this.#call, transport, metadata);
  }

  /** `certified`: the service that the client's certificate names. */
  begin(certified: string | undefined): void {
    const { pipeline, metadata } = this.#options;
    try {
      const admitted = admitCall(pipeline, this.#call, headerOf(metadata, "authorization"), certified);
      if (admitted === undefined) {
        this.#read();
      } else {
        admitted.then(
          () => this.#read(),
          (failure: unknown) => this.#fail(failure),
        );
      }
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #read(): void {
    const { served, transport } = this.#options;
    if (this.#answered) {
      return;
    }
    if (served.spec.kind === "unary" || served.spec.kind === "server_streaming") {
      transport.startRead();
      return;
    }
    this.#requests = new GrpcRequests(() => transport.startRead());
    this.#runStreamed(this.#requests);
  }

  onMessage(bytes: Uint8Array): void {
    if (this.#requests !== undefined) {
      try {
        this.#requests.push(this.#decode(bytes));
      } catch (failure) {
        this.#requests.end(failure);
      }
    } else if (this.#request === undefined) {
      this.#request = bytes;
      this.#options.transport.startRead();
    } else {
      this.#fail(malformed("the method takes one message, and a second one came"));
    }
  }

  onHalfClose(): void {
    if (this.#requests !== undefined) {
      this.#requests.end();
    } else if (this.#request === undefined) {
      this.#fail(malformed("the stream was half-closed before a message came"));
    } else {
      try {
        this.#runSingle(this.#decode(this.#request));
      } catch (failure) {
        this.#fail(failure);
      }
    }
  }

  onCancel(): void {
    if (!this.#answered) {
      this.#answered = true;
      this.#call.interrupt(new MaruError(ErrorReason.CANCELLED));
    }
  }

  onTransportStatus(status: Status): void {
    if (this.#answered) {
      this.#options.sendStatus(status);
    } else {
      this.#call.interrupt(toTransportError(status, this.#options.maxRequestBytes));
    }
  }

  /** Work that runs ends by itself when it is interrupted, and its end is answered. */
  #onInterrupted(reason: MaruError): void {
    this.#requests?.end(reason);
    this.#afterWrite?.();
    if (this.#call.state === "opened") {
      this.#fail(reason);
    }
  }

  #decode(bytes: Uint8Array): AnyMessage {
    const { input } = this.#call.method.descriptor;
    try {
      return fromBinary(input, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), binaryReadOptions);
    } catch (cause) {
      throw malformed(`the bytes are not a ${input.typeName}`, cause);
    }
  }

  #runSingle(request: AnyMessage): void {
    const { pipeline, served } = this.#options;
    const { spec } = served;
    if (spec.kind === "unary") {
      this.#answerOnce(runUnary(pipeline, this.#call, spec.impl, request, this.#context));
    } else if (spec.kind === "server_streaming") {
      this.#answerMany(runServerStreaming(pipeline, this.#call, spec.impl, request, this.#context));
    }
  }

  #runStreamed(requests: AsyncIterable<AnyMessage>): void {
    const { pipeline, served } = this.#options;
    const { spec } = served;
    if (spec.kind === "client_streaming") {
      this.#answerOnce(runClientStreaming(pipeline, this.#call, spec.impl, requests, this.#context));
    } else if (spec.kind === "bidi_streaming") {
      this.#answerMany(runBidiStreaming(pipeline, this.#call, spec.impl, requests, this.#context));
    }
  }

  #answerOnce(answer: Promise<AnyAnswer>): void {
    answer.then(
      (message) => {
        const bytes = this.#encode(message);
        if (bytes !== undefined && !this.#answered) {
          const { transport } = this.#options;
          this.#sendHeaders();
          transport.sendMessage(bytes, () => {});
          this.#sendOk();
        }
      },
      (error: ConnectError) => this.#sendError(error),
    );
  }

  async #answerMany(answers: AsyncIterable<AnyAnswer>): Promise<void> {
    const { transport } = this.#options;
    try {
      for await (const message of answers) {
        const bytes = this.#encode(message);
        if (bytes === undefined || this.#answered || this.#call.interruption !== undefined) {
          break;
        }
        this.#sendHeaders();
        await new Promise<void>((resolve) => {
          this.#afterWrite = resolve;
          transport.sendMessage(bytes, resolve);
        });
        if (this.#call.interruption !== undefined) {
          break;
        }
      }
      if (this.#call.interruption !== undefined) {
        this.#fail(this.#call.interruption);
        return;
      }
      this.#sendHeaders();
      this.#sendOk();
    } catch (failure) {
      this.#fail(failure);
    }
  }

  /** Nothing when the handler's answer is not a message of the contract; the call has then failed. */
  #encode(message: AnyAnswer): Buffer | undefined {
    const { output } = this.#call.method.descriptor;
    try {
      const bytes = toBinary(output, toMessage(output, message));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (cause) {
      this.#fail(cause);
      return undefined;
    }
  }

  #sendHeaders(): void {
    if (!this.#headersSent) {
      this.#headersSent = true;
      this.#options.transport.sendMetadata(this.#context.headerMetadata());
    }
  }

  #sendOk(): void {
    if (!this.#answered) {
      this.#answered = true;
      const metadata = this.#context.trailerMetadata();
      this.#options.sendStatus({ code: grpcStatus.OK, details: "", metadata });
    }
  }

  #fail(failure: unknown): void {
    this.#sendError(endCall(this.#options.pipeline, this.#call, failure));
  }

  #sendError(error: ConnectError): void {
    if (!this.#answered) {
      this.#answered = true;
      if (this.#context.hasHeaders) {
        this.#sendHeaders();
      }
      const trailer = this.#context.trailerMetadata() ?? new UnpaddedMetadata();
      tellRateShare(this.#call, trailer);
      this.#options.sendStatus(toGrpcStatus(error, this.#call.requestId, trailer));
    }
  }
}

export function toGrpcStatus(
  error: ConnectError,
  requestId: string,
  metadata: Metadata = new UnpaddedMetadata(),
): Status {
  metadata.set(requestIdHeader, requestId);
  metadata.set("grpc-status-details-bin", Buffer.from(toStatusBytes(error)));
  return { code: error.code as number, details: error.rawMessage, metadata };
}

export function headerOf(metadata: Metadata, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}

function toMessage(output: DescMessage, answer: AnyAnswer): AnyMessage {
  return "$typeName" in answer && answer.$typeName === output.typeName
    ? (answer as AnyMessage)
    : create(output, answer);
}

function malformed(message: string, cause?: unknown): MaruError {
  return new MaruError(ErrorReason.MALFORMED_REQUEST, { message, cause });
}

function toTransportError(status: Status, maxRequestBytes: number): MaruError {
  switch (status.code) {
    case grpcStatus.DEADLINE_EXCEEDED:
      return new MaruError(ErrorReason.DEADLINE_EXCEEDED);
    case grpcStatus.RESOURCE_EXHAUSTED:
      return new MaruError(ErrorReason.REQUEST_TOO_LARGE, { metadata: { limit_bytes: maxRequestBytes } });
    default:
      return malformed(status.details ?? "the request cannot be read");
  }
}
