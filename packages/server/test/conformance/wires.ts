import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { connectMaru } from "@maru/client";

export const wireNames = ["gRPC", "Connect JSON", "Connect binary", "gRPC-Web"] as const;

/** One protocol in one encoding, to one server. */
export interface Wire {
  readonly name: (typeof wireNames)[number];
  readonly transport: Transport;
  close(): Promise<void>;
}

export interface ServerPlace {
  /** `host:port` */
  readonly grpcAddress: string;
  readonly grpcTls: boolean;
  readonly httpUrl: string;
}

/** All ways to call a server. Nothing is tried twice: what a server answers is told. */
export function openWires({ grpcAddress, grpcTls, httpUrl }: ServerPlace, timeoutMs = 30_000): Wire[] {
  const maru = connectMaru({
    address: grpcAddress,
    tls: grpcTls,
    timeoutMs,
    retry: { maxAttempts: 1 },
  });
  const http = { baseUrl: httpUrl, httpVersion: "1.1" as const, defaultTimeoutMs: timeoutMs };
  const close = async () => {};
  return [
    { name: "gRPC", transport: maru.transport, close: maru.close },
    { name: "Connect JSON", transport: createConnectTransport({ ...http, useBinaryFormat: false }), close },
    { name: "Connect binary", transport: createConnectTransport({ ...http, useBinaryFormat: true }), close },
    { name: "gRPC-Web", transport: createGrpcWebTransport(http), close },
  ];
}
