import { Server, ServerCredentials, type ServerInterceptor } from "@grpc/grpc-js";
import { joinAddress, type Listener, splitAddress } from "./http-listener.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface GrpcListenerOptions {
  readonly address: string;
  readonly tls: TlsFiles | undefined;
  readonly maxRequestBytes: number;
  readonly interceptor: ServerInterceptor;
  mountOn(server: Server): void;
  /** Default: a ping after each minute of silence, which must be answered within 20 s. */
  readonly keepalive?: { readonly timeMs: number; readonly timeoutMs: number };
}

export async function listenGrpc(options: GrpcListenerOptions): Promise<Listener> {
  const { keepalive = { timeMs: 60_000, timeoutMs: 20_000 } } = options;
  const server = new Server({
    interceptors: [options.interceptor],
    "grpc.max_receive_message_length": options.maxRequestBytes,
    "grpc.enable_channelz": 0,
    // Finds clients that are gone without a word, whose streams would otherwise stay.
    "grpc.keepalive_time_ms": keepalive.timeMs,
    "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
  });
  options.mountOn(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(options.address, toCredentials(options.tls), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: joinAddress(splitAddress(options.address).host, port),
    close: (graceMs) =>
      new Promise((resolve) => {
        // Without channelz grpc-js does not cut what it cannot close, so nobody waits for a client that is stuck.
        const cut = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, graceMs);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}

function toCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) {
    return ServerCredentials.createInsecure();
  }
  const pairs = [{ cert_chain: tls.cert, private_key: tls.key }];
  return ServerCredentials.createSsl(tls.clientCa ?? null, pairs, tls.clientCa !== undefined);
}
