import type {
  MethodDefinition,
  Server,
  ServerInterceptingCallInterface,
  ServerInterceptor,
  ServiceDefinition,
} from "@grpc/grpc-js";
import type { CertifiedBy } from "./client-certificate.ts";
import { GrpcIntercept } from "./grpc-intercept.ts";
import type { Pipeline } from "./interceptors.ts";
import type { ServedMethod } from "./service-call.ts";
import type { ServedImplementation, ServiceRegistration } from "./service-registration.ts";

export interface GrpcBridge {
  /** Goes into the server's `interceptors`. */
  readonly interceptor: ServerInterceptor;
  /** Declares the services' methods, so that the server lets their calls through to the interceptor. */
  mountOn(server: Server): void;
}

export interface GrpcBridgeOptions {
  readonly services: readonly ServiceRegistration[];
  readonly maxRequestBytes: number;
  readonly certifiedBy: CertifiedBy<ServerInterceptingCallInterface>;
}

/**
 * Serves Connect's implementations on grpc-js. The calls are answered where grpc-js lets interceptors stand, below its
 * handlers: there the request is still bytes, so that malformed ones get a typed error, and no Node stream is made for
 * each call.
 */
export function createGrpcBridge(pipeline: Pipeline, options: GrpcBridgeOptions): GrpcBridge {
  const { maxRequestBytes, certifiedBy } = options;
  const byPath = new Map<string, ServedImplementation>();
  for (const { methods } of options.services) {
    for (const served of methods) {
      byPath.set(`/${served.method.name}`, served);
    }
  }
  return {
    interceptor: (definition, transport) =>
      new GrpcIntercept({
        pipeline,
        transport,
        maxRequestBytes,
        certifiedBy,
        path: definition.path,
        served: byPath.get(definition.path),
      }),
    mountOn(server) {
      for (const { methods } of options.services) {
        if (methods.length > 0) {
          server.addService(toServiceDefinition(methods), {});
        }
      }
      answerUnknownMethods(server);
    },
  };
}

function toServiceDefinition(methods: readonly ServedImplementation[]): ServiceDefinition {
  const definitions = methods.map(({ method }) => [
    method.descriptor.localName,
    toDefinition(`/${method.name}`, method),
  ]);
  return Object.fromEntries(definitions);
}

/** Bytes in, bytes out: decoding is ours. */
function toDefinition(path: string, { descriptor }: ServedMethod): MethodDefinition<Buffer, Buffer> {
  const kind = descriptor.methodKind;
  return {
    path,
    requestStream: kind === "client_streaming" || kind === "bidi_streaming",
    responseStream: kind === "server_streaming" || kind === "bidi_streaming",
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * grpc-js answers a path that it does not know before any interceptor sees it, with a bare UNIMPLEMENTED. This shows
 * such calls to the interceptor. It is no public interface: should it go, callers get the bare status again.
 */
function answerUnknownMethods(server: Server): void {
  const retrieve: unknown = Reflect.get(server, "_retrieveHandler");
  if (typeof retrieve === "function") {
    const unknown = { type: "bidi", func: () => {}, serialize: asIs, deserialize: asIs };
    const known = (path: string): unknown => retrieve.call(server, path);
    Reflect.set(server, "_retrieveHandler", (path: string) => known(path) ?? { path, ...unknown });
  }
}
