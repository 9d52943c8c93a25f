import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { create, fromBinary } from "@bufbuild/protobuf";
import type { Interceptor, StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { createMethodUrl, runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { type ChannelOptions, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { encodeRequest } from "./encode-request.ts";
import { toConnectError, toHeaders } from "./grpc-status.ts";
import type { HeaderInit, KeepaliveOptions, ServerTransport, TlsOptions } from "./server-transport.ts";

/** What {@link createGrpcTransport} needs. */
export interface GrpcTransportOptions {
  /** `host:port` of the server. */
  readonly address: string;
  /** Speak TLS, with these settings; without it the connection is plain. */
  readonly tls?: TlsOptions | undefined;
  /** See {@link KeepaliveOptions}. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Run around each call, the last one outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/**
 * A Connect transport over @grpc/grpc-js: unary calls and server streams. It connects with the first call and
 * reconnects by itself.
 */
export function createGrpcTransport(options: GrpcTransportOptions): ServerTransport {
  const client = new Client(options.address, toCredentials(options.tls), toChannelOptions(options));
  const interceptors = options.interceptors?.length ? [...options.interceptors] : undefined;
  const baseUrl = `${options.tls ? "https" : "http"}://${options.address}`;
  const common = (method: DescMethodUnary | DescMethodStreaming, header: HeaderInit | undefined) => ({
    service: method.parent,
    requestMethod: "POST",
    url: createMethodUrl(baseUrl, method),
    header: new Headers(header),
  });
  return {
    unary(method, signal, timeoutMs, header, input, contextValues = createContextValues()) {
      // Without interceptors nobody sees the request object, its signal and its headers: they are not made.
      if (!interceptors) return callUnary(client, method, signal, timeoutMs, header, create(method.input, input));
      return runUnaryCall({
        interceptors,
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        req: { stream: false, method, contextValues, message: input, ...common(method, header) },
        next: (req) => callUnary(client, req.method, req.signal, timeoutMs, req.header, req.message),
      });
    },
    async stream(method, signal, timeoutMs, header, input, contextValues = createContextValues()) {
      return runStreamingCall({
        ...(interceptors && { interceptors }),
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        req: { stream: true, method, contextValues, message: input, ...common(method, header) },
        next: async (req) =>
          callServerStream(client, req.method, req.signal, timeoutMs, req.header, await onlyMessage(req)),
      });
    },
    close: () => client.close(),
  };
}

function toCredentials(tls: TlsOptions | undefined) {
  if (tls === undefined) return credentials.createInsecure();
  const pem = (text: string | Buffer | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}

function toChannelOptions({ keepalive = {}, tls }: GrpcTransportOptions): ChannelOptions {
  return {
    "grpc.keepalive_time_ms": keepalive.pingIntervalMs ?? 20_000,
    "grpc.keepalive_timeout_ms": keepalive.pingTimeoutMs ?? 5_000,
    "grpc.keepalive_permit_without_calls": 1,
    // A server that restarts is found again soon; grpc-js would let up to two minutes pass.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // A full page of the longest messages is larger than the 4 MiB of grpc-js.
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    // Retries are this package's own (retry.ts); connections are not shared with other users of grpc-js in the
    // process; and a library does not read the environment for a proxy or a service configuration from DNS.
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    ...(tls?.serverName && { "grpc.ssl_target_name_override": tls.serverName }),
  };
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  header: HeaderInit | undefined,
  message: MessageShape<I>,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const received: Received = {};
    const call = client.makeUnaryRequest(
      pathOf(method),
      asIs,
      asIs,
      encodeRequest(method.input, message),
      toMetadata(header),
      deadlineIn(timeoutMs),
      (error, bytes) => {
        signal?.removeEventListener("abort", onAbort);
        if (error) return reject(callError(error, signal));
        try {
          resolve(
            withHeaders(received, {
              stream: false as const,
              service: method.parent,
              method,
              message: decode(method, bytes ?? Buffer.alloc(0)),
            }),
          );
        } catch (undecodable) {
          reject(undecodable);
        }
      },
    );
    const onAbort = () => call.cancel();
    signal?.addEventListener("abort", onAbort, { once: true });
    call.on("metadata", (metadata) => {
      received.header = metadata;
    });
    call.on("status", (status) => {
      received.trailer = status.metadata;
    });
  });
}

function callServerStream<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodStreaming<I, O>,
  signal: AbortSignal,
  timeoutMs: number | undefined,
  header: HeaderInit | undefined,
  message: MessageShape<I>,
): StreamResponse<I, O> {
  if (signal.aborted) throw abortError(signal);
  const call = client.makeServerStreamRequest(
    pathOf(method),
    asIs,
    asIs,
    encodeRequest(method.input, message),
    toMetadata(header),
    deadlineIn(timeoutMs),
  );
  const received: Received = {};
  const onAbort = () => call.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  call.on("metadata", (metadata) => {
    received.header = metadata;
  });
  call.on("status", (status) => {
    received.trailer = status.metadata;
  });
  // The error reaches the reader through the iterator; without a listener it would end the process before that.
  call.on("error", () => {});
  async function* read(): AsyncGenerator<MessageShape<O>> {
    try {
      for await (const bytes of call) yield decode(method, bytes);
    } catch (error) {
      throw error instanceof ConnectError ? error : callError(error as ServiceError, signal);
    } finally {
      signal.removeEventListener("abort", onAbort);
      call.cancel();
    }
  }
  return withHeaders(received, { stream: true as const, service: method.parent, method, message: read() });
}

/** What has arrived beside the messages. */
interface Received {
  header?: Metadata;
  trailer?: Metadata;
}

/** Web headers are slow to make and seldom looked at: they are made when asked for. */
function withHeaders<R extends object>(received: Received, rest: R): R & { header: Headers; trailer: Headers } {
  return Object.defineProperties(rest, {
    header: { enumerable: true, get: () => toHeaders(received.header) },
    trailer: { enumerable: true, get: () => toHeaders(received.trailer) },
  }) as R & { header: Headers; trailer: Headers };
}

const asIs = (bytes: Buffer) => bytes;

const pathOf = (method: DescMethodUnary | DescMethodStreaming) => `/${method.parent.typeName}/${method.name}`;

const deadlineIn = (timeoutMs: number | undefined) =>
  timeoutMs === undefined ? {} : { deadline: Date.now() + Math.max(0, timeoutMs) };

function decode<O extends DescMessage>(method: { readonly output: O }, bytes: Buffer): MessageShape<O> {
  try {
    return fromBinary(method.output, bytes);
  } catch (cause) {
    throw new ConnectError("the answer cannot be decoded", Code.Internal, undefined, undefined, cause);
  }
}

function toMetadata(header: HeaderInit | undefined): Metadata {
  const metadata = new Metadata();
  if (header === undefined) return metadata;
  const entries = header instanceof Headers || Array.isArray(header) ? header : Object.entries(header);
  for (const [key, value] of entries) {
    if (key === undefined || value === undefined) continue;
    metadata.add(key, key.toLowerCase().endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
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

function callError(error: ServiceError, signal: AbortSignal | undefined): ConnectError {
  return signal?.aborted ? abortError(signal) : toConnectError(error);
}

function abortError(signal: AbortSignal): ConnectError {
  if (signal.reason instanceof ConnectError) return signal.reason;
  return new ConnectError("the caller aborted the call", Code.Canceled, undefined, undefined, signal.reason);
}
