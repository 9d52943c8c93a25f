import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { tellRateShare } from "./rate-headers.ts";
import { requestIdHeader } from "./request-id.ts";
import { putCall, type ServiceCall } from "./service-call.ts";
import { UnpaddedMetadata } from "./unpadded-metadata.ts";

/** Connect's context over a grpc-js call. Everything is made when it is asked for; most handlers ask for `values` only. */
export class GrpcContext implements HandlerContext {
  readonly #call: ServiceCall;
  readonly #transport: ServerInterceptingCallInterface;
  readonly #metadata: Metadata;
  #values: ContextValues | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;

  constructor(call: ServiceCall, transport: ServerInterceptingCallInterface, metadata: Metadata) {
    this.#call = call;
    this.#transport = transport;
    this.#metadata = metadata;
  }

  readonly protocolName = "grpc";
  readonly requestMethod = "POST";

  readonly timeoutMs = (): number | undefined => {
    const deadlineMs = Number(this.#transport.getDeadline());
    return Number.isFinite(deadlineMs) ? deadlineMs - Date.now() : undefined;
  };

  get method(): DescMethod {
    return this.#call.method.descriptor;
  }

  get service(): DescService {
    return this.#call.method.descriptor.parent;
  }

  get url(): string {
    return `http://${this.#transport.getHost()}/${this.#call.method.name}`;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get values(): ContextValues {
    if (this.#values === undefined) {
      this.#values = createContextValues();
      putCall(this.#values, this.#call);
    }
    return this.#values;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= toHeaders(this.#metadata);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  /** Whether the handler asked for headers of the answer. An error without them is sent as a status alone. */
  get hasHeaders(): boolean {
    return this.#responseHeader !== undefined;
  }

  /** What is sent before the first message. */
  headerMetadata(): Metadata {
    const metadata = toMetadata(this.#responseHeader) ?? new UnpaddedMetadata();
    metadata.set(requestIdHeader, this.#call.requestId);
    tellRateShare(this.#call, metadata);
    return metadata;
  }

  /** What is sent with the status. */
  trailerMetadata(): Metadata | null {
    return toMetadata(this.#responseTrailer) ?? null;
  }
}

function toHeaders(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [key, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of Array.isArray(values) ? values : [values]) {
      headers.append(key, String(value));
    }
  }
  return headers;
}

function toMetadata(headers: Headers | undefined): Metadata | undefined {
  if (headers === undefined) {
    return undefined;
  }
  const metadata = new UnpaddedMetadata();
  for (const [key, value] of headers) {
    metadata.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}
