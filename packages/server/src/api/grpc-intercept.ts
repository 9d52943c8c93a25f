import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { CertifiedBy } from "./client-certificate.ts";
import { GrpcCall, headerOf, toGrpcStatus } from "./grpc-call.ts";
import type { Pipeline } from "./interceptors.ts";
import { requestIdHeader, toRequestId } from "./request-id.ts";
import type { ServedImplementation } from "./service-registration.ts";

type Listener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type Status = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

export interface GrpcInterceptOptions {
  readonly pipeline: Pipeline;
  readonly transport: ServerInterceptingCallInterface;
  readonly path: string;
  /** Nothing for a path that no service has. */
  readonly served: ServedImplementation | undefined;
  readonly maxRequestBytes: number;
  readonly certifiedBy: CertifiedBy<ServerInterceptingCallInterface>;
}

/** Listens to a call of grpc-js in place of grpc-js' own handlers. */
export class GrpcIntercept extends ServerInterceptingCall implements Listener {
  readonly #options: GrpcInterceptOptions;
  readonly #sendStatus: (status: Status) => void;
  #call: GrpcCall | undefined;

  constructor(options: GrpcInterceptOptions) {
    super(options.transport);
    const { transport } = options;
    const send = transport.sendStatus;
    this.#options = options;
    this.#sendStatus = (status) => send.call(transport, status);
    // grpc-js ends calls by itself too, by deadline or size for example. Such a status gets its details here.
    transport.sendStatus = (status) => {
      if (this.#call === undefined) {
        this.#sendStatus(status);
      } else {
        this.#call.onTransportStatus(status);
      }
    };
  }

  override start(_handler: Listener): void {
    this.#options.transport.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { pipeline, transport, served, path, maxRequestBytes, certifiedBy } = this.#options;
    if (served === undefined) {
      const requestId = toRequestId(headerOf(metadata, requestIdHeader));
      const error = pipeline.record.unknownMethod({ method: path.slice(1), requestId, protocol: "grpc" });
      this.#sendStatus(toGrpcStatus(error, requestId));
      return;
    }
    this.#call = new GrpcCall({ pipeline, transport, served, metadata, maxRequestBytes, sendStatus: this.#sendStatus });
    this.#call.begin(certifiedBy(transport));
  }

  onReceiveMessage(bytes: Uint8Array): void {
    this.#call?.onMessage(bytes);
  }

  onReceiveHalfClose(): void {
    this.#call?.onHalfClose();
  }

  onCancel(): void {
    this.#call?.onCancel();
  }
}
