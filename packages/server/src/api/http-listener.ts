import { createServer } from "node:http";
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface Listener {
  /** `host:port`, with the port that it got. */
  readonly address: string;
  /** Takes no more connections, and cuts those that are not over after a grace. */
  close(graceMs: number): Promise<void>;
}

export interface RequestPatience {
  /** How long a client may take to send its headers, and its whole request. */
  readonly requestMs: number;
  /** How often connections are looked through for such that took longer. */
  readonly checkEveryMs: number;
}

const defaultPatience: RequestPatience = { requestMs: 30_000, checkEveryMs: 5_000 };

/** Longer than balancers and clients keep a connection that is idle (most: a minute): they are then the ones to close it. */
const idleConnectionMs = 75_000;

/** HTTP/1.1 without TLS; with TLS also HTTP/2. */
export async function listenHttp(
  address: string,
  tls: TlsFiles | undefined,
  handler: (request: HttpRequest, response: HttpResponse) => void,
  { requestMs, checkEveryMs } = defaultPatience,
): Promise<Listener> {
  const server =
    tls === undefined ? createServer(handler) : createSecureServer(toSecureOptions(tls, requestMs), handler);
  // Node looks at these when it begins to listen; its types name them for plain servers only.
  const patience = { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: checkEveryMs };
  Object.assign(server, patience, { keepAliveTimeout: idleConnectionMs });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });

  const { host, port } = splitAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;

  return {
    address: joinAddress(host, bound.port),
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const socket of sockets) {
            socket.destroy();
          }
        }, graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        for (const session of sessions) {
          session.close();
        }
      }),
  };
}

function toSecureOptions({ cert, key, clientCa }: TlsFiles, handshakeTimeout: number) {
  const base = { allowHTTP1: true, cert, key, handshakeTimeout };
  return clientCa === undefined ? base : { ...base, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

/** `[::1]:8080` and `127.0.0.1:8080` alike. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(address.slice(colon + 1)) };
}

export function joinAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
