import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { encodeRequest } from "./encode-request.ts";
import type { KeepaliveOptions, ServerTransport, TlsOptions } from "./server-transport.ts";

/** What {@link createHttpTransport} needs. */
export interface HttpTransportOptions {
  /** `http://…` or `https://…`. */
  readonly baseUrl: string;
  /** Settings for `https:`. */
  readonly tls?: TlsOptions | undefined;
  /** See {@link KeepaliveOptions}; only the interval is used, by TCP. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Run around each call, the first one outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/** The Connect protocol over HTTP/1.1, which passes every proxy; binary, with connections that are kept. */
export function createHttpTransport(options: HttpTransportOptions): ServerTransport {
  const { ca, cert, key, serverName: servername } = options.tls ?? {};
  const keep = { keepAlive: true, keepAliveMsecs: options.keepalive?.pingIntervalMs ?? 20_000 };
  const agent = options.baseUrl.startsWith("https:")
    ? new HttpsAgent({
        ...keep,
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(servername && { servername }),
      })
    : new HttpAgent(keep);
  const transport = createConnectTransport({
    baseUrl: options.baseUrl,
    httpVersion: "1.1",
    nodeOptions: { agent },
    interceptors: [...(options.interceptors ?? [])],
  });
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      encodeRequest(method.input, input); // connect-node would call a value that cannot be encoded an internal error.
      try {
        return await transport.unary(method, signal, timeoutMs, header, input, contextValues);
      } catch (error) {
        throw nameLostConnection(error, signal);
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      try {
        const response = await transport.stream(method, signal, timeoutMs, header, input, contextValues);
        return { ...response, message: namingLostConnection(response.message, signal) };
      } catch (error) {
        throw nameLostConnection(error, signal);
      }
    },
    close: () => agent.destroy(),
  };
}

/** connect-node says ABORTED or INTERNAL when a connection broke off, and gRPC says UNAVAILABLE: here it is UNAVAILABLE. */
function nameLostConnection(thrown: unknown, signal: AbortSignal | undefined): ConnectError {
  const error = ConnectError.from(thrown);
  if (signal?.aborted || !isSocketError(error.cause)) return error;
  return new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, undefined, error.cause);
}

async function* namingLostConnection<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw nameLostConnection(error, signal);
  }
}

/** Whether a broken connection is at the bottom: ECONNRESET, EPIPE, ERR_STREAM_PREMATURE_CLOSE and their like. */
function isSocketError(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code: unknown = Reflect.get(cause, "code");
  return (
    (typeof code === "string" && /^(E(?!RR_)|ERR_(STREAM|HTTP2|SOCKET)_)/.test(code)) || isSocketError(cause.cause)
  );
}
