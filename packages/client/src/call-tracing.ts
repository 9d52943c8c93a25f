import type { Interceptor } from "@connectrpc/connect";

/** The server that a traced call goes to. */
export interface TracedServer {
  readonly protocol: "grpc" | "connect";
  /** As the client was told: `host:port` or a URL. */
  readonly name: string;
}

/** Traces calls: `openTelemetryTracing()` of `@maru/client/tracing/opentelemetry` makes one. */
export interface CallTracing {
  /** Runs around each try of each call to this server, outside of all other interceptors. */
  toServer(server: TracedServer): Interceptor;
}
