import { Server, ServerCredentials, type ServerInterceptor } from "@grpc/grpc-js";
import { joinAddress, type Listener, splitAddress } from "./http-listener.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface GrpcListenerOptions {
  readonly address: string;
  readonly tls: TlsFiles | undefined;
  readonly maxRequestBytes: number;
  readonly interceptor: ServerInterceptor;
  mountOn(server: Server): void;
}

export async function listenGrpc(options: GrpcListenerOptions): Promise<Listener> {
  const server = new Server({
    interceptors: [options.interceptor],
    "grpc.max_receive_message_length": options.maxRequestBytes,
    "grpc.enable_channelz": 0,
    // Finds clients that are gone without a word, whose streams would otherwise stay.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
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
