import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor } from "@connectrpc/connect";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { createMethodUrl, runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { Client } from "@grpc/grpc-js";
import { type Connection, callServerStream, callUnary, pathOf } from "./grpc-call.ts";
import { toChannelOptions, toCredentials } from "./grpc-channel.ts";
import type { HeaderInit, KeepaliveOptions, ServerTransport, TlsOptions } from "./server-transport.ts";

/** What {@link createGrpcTransport} needs. */
export interface GrpcTransportOptions {
  /** `host:port` of the server. */
  readonly address: string;
  /** Speak TLS, with these settings; without it the connection is plain. */
  readonly tls?: TlsOptions | undefined;
  /** See {@link KeepaliveOptions}. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Run around each call, the first one outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/**
 * A Connect transport over @grpc/grpc-js: unary calls and server streams. It connects with the first call and
 * reconnects by itself.
 */
export function createGrpcTransport(options: GrpcTransportOptions): ServerTransport {
  const client = new Client(options.address, toCredentials(options.tls), toChannelOptions(options));
  const connection: Connection = { client, underWay: new Set() };
  const interceptors = options.interceptors?.length ? [...options.interceptors] : undefined;
  const baseUrl = `${options.tls ? "https" : "http"}://${options.address}`;
  const common = (
    method: DescMethodUnary | DescMethodStreaming,
    header: HeaderInit | undefined,
    contextValues: ContextValues = createContextValues(),
  ) => ({
    contextValues,
    service: method.parent,
    requestMethod: "POST",
    url: createMethodUrl(baseUrl, method),
    header: new Headers(header),
  });
  return {
    unary(method, signal, timeoutMs, header, input, contextValues) {
      // Without interceptors nobody sees the request object, its signal and its headers: they are not made.
      if (!interceptors) return callUnary(connection, method, signal, timeoutMs, header, create(method.input, input));
      return runUnaryCall({
        interceptors,
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        req: { stream: false, method, message: input, ...common(method, header, contextValues) },
        next: (req) => callUnary(connection, req.method, req.signal, timeoutMs, req.header, req.message),
      });
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      return runStreamingCall({
        ...(interceptors && { interceptors }),
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        req: { stream: true, method, message: input, ...common(method, header, contextValues) },
        next: async (req) =>
          callServerStream(connection, req.method, req.signal, timeoutMs, req.header, await onlyMessage(req)),
      });
    },
    close() {
      client.close();
      for (const call of connection.underWay) call.cancel();
    },
  };
}

async function onlyMessage<I extends DescMessage, O extends DescMessage>(req: {
  readonly method: DescMethodStreaming<I, O>;
  readonly message: AsyncIterable<MessageShape<I>>;
}): Promise<MessageShape<I>> {
  if (req.method.methodKind === "server_streaming") {
    for await (const message of req.message) return message;
  }
  throw new ConnectError(
    `${pathOf(req.method)}: only unary calls and server streams are supported over gRPC`,
    Code.Unimplemented,
  );
}
