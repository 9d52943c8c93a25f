import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { joinAddress, splitAddress } from "../api/http-listener.ts";
import type { TlsFiles } from "../api/tls-files.ts";
import { type HandshakeRefusal, type HandshakeRules, refusalOf } from "./handshake.ts";

export interface UpgradeOptions {
  readonly address: string;
  readonly tls: TlsFiles | undefined;
  readonly maxSockets: number;
  readonly rules: () => HandshakeRules;
  onRefusal(refusal: HandshakeRefusal): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface UpgradeListener {
  readonly address: string;
  /** Cuts what is not over after the grace. */
  close(graceMs: number): Promise<void>;
}

const headersMs = 10_000;

/** HTTP/1.1 that knows nothing but WebSocket handshakes, at any path. */
export async function listenForUpgrades(options: UpgradeOptions): Promise<UpgradeListener> {
  const { tls } = options;
  const times = { requestTimeout: headersMs, headersTimeout: headersMs, connectionsCheckingInterval: 5_000 };
  const server =
    tls === undefined ? createServer(times) : createSecureServer({ ...times, cert: tls.cert, key: tls.key });
  server.maxConnections = options.maxSockets;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain; charset=utf-8", upgrade: "websocket", connection: "close" });
    response.end("This is a gateway of Maru: connect with a WebSocket (docs/realtime.md).\n");
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusalOf(request.headers, options.rules());
    if (refusal === undefined) {
      options.upgrade(request, socket, head);
    } else {
      options.onRefusal(refusal);
      answerRefusal(socket, refusal);
    }
  });

  const { host, port } = splitAddress(options.address);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    address: joinAddress(host, (server.address() as AddressInfo).port),
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}

const statusTexts = { 400: "Bad Request", 403: "Forbidden", 503: "Service Unavailable" } as const;

function answerRefusal(socket: Duplex, { status, sentence }: HandshakeRefusal): void {
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  const body = `${sentence}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${statusTexts[status]}`,
    "connection: close",
    "content-type: text/plain; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    ...(status === 503 ? ["retry-after: 1"] : []),
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
