import type { DescService } from "@bufbuild/protobuf";
import type { Client, Interceptor, Transport } from "@connectrpc/connect";
import { parseAddresses, type ServerAddress } from "./address.ts";
import { createAwayMemory } from "./away.ts";
import type { CallTracing } from "./call-tracing.ts";
import { createCallTransport, type Server } from "./call-transport.ts";
import { type CardSender, createCardSender } from "./cards.ts";
import { createKeyClock } from "./idempotency-key.ts";
import { createServiceClient } from "./method-call.ts";
import { createNounClients, type NounClients } from "./nouns.ts";
import { type RetryOptions, toRetryPolicy } from "./retry.ts";
import type { KeepaliveOptions, TlsOptions } from "./server-transport.ts";
import { createTokenSource, type TokenProvider } from "./token.ts";
import { createHttpTransport } from "./transport-connect.ts";
import { createGrpcTransport } from "./transport-grpc.ts";

/** How to reach Maru. */
export interface ConnectOptions {
  /**
   * `host:port` of a server for gRPC, or its `http://…` or `https://…` URL for the Connect protocol. With several, the
   * calls of a room go to one of them (see `affinity`), and to the next when it is away.
   */
  readonly address: string | readonly string[];
  /** See {@link TokenProvider}. Without it calls carry no token, unless a call's own `headers` do. */
  readonly token?: TokenProvider;
  /** For `host:port`: speak TLS; `true` for the defaults of {@link TlsOptions}. `https:` needs it only for settings. @default plain */
  readonly tls?: boolean | TlsOptions;
  /** Deadline of a unary call with all its tries, in milliseconds, where a call brings none; 0 for none. @default 10_000 */
  readonly timeoutMs?: number;
  /** See {@link KeepaliveOptions}. */
  readonly keepalive?: KeepaliveOptions;
  /** See {@link RetryOptions}. */
  readonly retry?: RetryOptions;
  /** With several addresses: whether the calls of a room go to one server, which then needs no reads to append. @default true */
  readonly affinity?: boolean;
  /** Run around each try of each call; the first one outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Traces calls: `openTelemetryTracing()` of `@maru/client/tracing/opentelemetry`, or your own. @default not at all */
  readonly tracing?: CallTracing;
}

/** A client of Maru: the nouns of the contract, and ways to what lies under them. Made by {@link connectMaru}. */
export interface Maru extends Omit<NounClients, "cards">, AsyncDisposable {
  /** Types of cards: `cards.registerCardTypes`, `cards.get`, …; and cards themselves: `cards.send`, `cards.update`. */
  readonly cards: NounClients["cards"] & CardSender;
  /** The generated client of any service, with the names of the contract: `maru.service(RoomService).getRoom({ roomId })`. */
  service<S extends DescService>(service: S): Client<S>;
  /** What all calls go through: retries, affinity and tokens are in it. For other generated clients. */
  readonly transport: Transport;
  /** Closes the connections. Calls that are under way and later ones are rejected with CANCELLED. May be called again. */
  close(): Promise<void>;
}

/**
 * A client of Maru. It connects with the first call, reconnects by itself, and is made once per process, not per
 * request. Throws a TypeError or RangeError for options that make no sense.
 *
 * @example
 * await using maru = connectMaru({ address: "localhost:50051", token: () => getToken() });
 * const { entry } = await maru.messages.send({ roomId, actor: user("u1"), content: text("hi") }, { timeoutMs: 800 });
 */
export function connectMaru(options: ConnectOptions): Maru {
  const addresses = parseAddresses(options.address);
  const retry = toRetryPolicy(options.retry);
  const defaultTimeoutMs = options.timeoutMs ?? 10_000;
  if (Number.isNaN(defaultTimeoutMs)) throw new RangeError("connectMaru: timeoutMs must be a number");
  const closing = new AbortController();
  const steadyMs = () => performance.now();
  const servers = addresses.map(
    (address): Server => ({ name: address.name, transport: toTransport(address, options) }),
  );
  const transport = createCallTransport({
    servers,
    affinity: options.affinity ?? true,
    away: createAwayMemory(steadyMs),
    retry,
    token: options.token === undefined ? undefined : createTokenSource(options.token),
    closing: closing.signal,
    keyClock: createKeyClock({ unixMs: () => Date.now(), steadyMs }),
    defaultTimeoutMs,
    steadyMs,
    random: Math.random,
  });
  const close = async () => {
    if (closing.signal.aborted) return;
    closing.abort();
    for (const server of servers) server.transport.close();
  };
  const clients = createNounClients(transport);
  return {
    ...clients,
    cards: { ...clients.cards, ...createCardSender(clients.messages) },
    service: (service) => createServiceClient(service, transport),
    transport,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function toTransport(address: ServerAddress, options: ConnectOptions) {
  const { keepalive, tracing } = options;
  const given = options.interceptors ?? [];
  const interceptors = tracing === undefined ? given : [tracing.toServer(address), ...given];
  const tls = options.tls === true ? {} : options.tls === false ? undefined : options.tls;
  if (address.protocol === "grpc") return createGrpcTransport({ address: address.name, tls, keepalive, interceptors });
  if (tls !== undefined && !address.secure) {
    throw new TypeError(`connectMaru: tls is set, but ${address.name} is not https`);
  }
  return createHttpTransport({ baseUrl: address.name, tls, keepalive, interceptors });
}
