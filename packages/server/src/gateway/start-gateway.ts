import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { TlsFiles } from "../api/tls-files.ts";
import type { Telemetry } from "../telemetry.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { Connections } from "./connections.ts";
import { drainConnections } from "./drain-connections.ts";
import { FrameBudget } from "./frame-budget.ts";
import { createGatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { listenForUpgrades } from "./listen-for-upgrades.ts";
import { Outbox } from "./outbox.ts";
import { receiveControl, receiveFrame } from "./receive-frame.ts";
import { stopReadingAfterEnd } from "./stop-reading-after-end.ts";
import { sweep, sweepIntervalMs } from "./sweep.ts";
import { chooseEncoding } from "./wire-encoding.ts";

export interface GatewayConfig {
  readonly address: string;
  readonly tls: TlsFiles | undefined;
  /** Of pages that may connect; empty: all. */
  readonly origins: readonly string[];
  readonly compression: boolean;
  readonly drainWindowMs: number;
  readonly drainUrl: string;
}

export interface GatewayOptions extends Omit<GatewayParts, "connections" | "metrics"> {
  readonly config: GatewayConfig;
  readonly telemetry: Telemetry;
  readonly random: () => number;
}

export interface Gateway extends AsyncDisposable {
  /** `host:port`, with the port that it got. */
  readonly address: string;
  readonly draining: boolean;
  /** Takes no more connections, and asks those that are there to come back elsewhere. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** How long the other side has for its part of a close. */
const closeGraceMs = 1_000;
/** What a frame may be cut into. */
const maxFragments = 64;
const maxBufferedChunks = 4_096;

/** What holds a connection in its socket, so that no socket needs functions of its own. */
class GatewaySocket extends WebSocket {
  connection: Connection | undefined = undefined;
}

/** Serves WebSockets: whose they are, what they ask for, and what the rooms have for them. */
export async function startGateway({ config, telemetry, random, ...options }: GatewayOptions): Promise<Gateway> {
  const { limits, log, steadyMs } = options;
  const connections = new Connections();
  const metrics = createGatewayMetrics(telemetry, {
    connections: () => connections.size,
    users: () => connections.userCount,
    bufferedBytes: () => sumOfBuffered(connections),
  });
  const parts: GatewayParts = { ...options, connections, metrics };
  const host: ConnectionHost = {
    outbox: new Outbox(),
    counts: metrics.counts,
    maxBufferedBytes: limits.maxBufferedBytes,
    ended: (connection, why) => ended(parts, connection, why),
    failed: (connection, error) => log.error({ error, sessionId: connection.sessionId }, "a connection failed"),
  };
  // The types of ws do not know all of these.
  const serverOptions = {
    noServer: true,
    WebSocket: GatewaySocket,
    clientTracking: false,
    autoPong: false,
    maxPayload: limits.maxFrameBytes,
    maxFragments,
    maxBufferedChunks,
    closeTimeout: closeGraceMs,
    perMessageDeflate: config.compression ? deflateOptions : false,
    handleProtocols: (offered: Set<string>) => chooseEncoding(offered)?.subprotocol ?? false,
  };
  const server = new WebSocketServer(serverOptions);
  const origins = new Set(config.origins.map((origin) => origin.toLowerCase()));
  const accept = createAccept(parts, host, random);
  let draining = false;
  const listener = await listenForUpgrades({
    address: config.address,
    tls: config.tls,
    // What is beyond is not even answered.
    maxSockets: Math.ceil(limits.maxConnections * 1.1) + 100,
    rules: () => ({ origins, draining }),
    onRefusal: ({ status }) => metrics.refusals.inc({ reason: `HTTP_${status}` }),
    upgrade: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (upgraded) => {
        stopReadingAfterEnd(socket);
        accept(upgraded, config.compression ? undefined : socket);
      }),
  });
  const timer = setInterval(() => sweep(parts), sweepIntervalMs(parts));
  log.info({ gateway: listener.address }, "listening for WebSockets");

  const close = async () => {
    draining = true;
    clearInterval(timer);
    for (const connection of connections) connection.close(closeCodes.draining);
    await listener.close(closeGraceMs);
  };
  return {
    address: listener.address,
    get draining() {
      return draining;
    },
    async drain() {
      if (draining) return;
      draining = true;
      log.info({ connections: connections.size }, "asking the clients to connect elsewhere");
      const { drainWindowMs: windowMs, drainUrl: url } = config;
      await drainConnections(connections, { windowMs, url, random, steadyMs });
      log.info({ users: connections.userCount }, "no clients any more");
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const deflateOptions = { threshold: 1_024, serverNoContextTakeover: true, clientNoContextTakeover: true };

function createAccept(parts: GatewayParts, host: ConnectionHost, random: () => number) {
  const { limits, connections, steadyMs } = parts;
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = connectionOf(this);
    if (connection !== undefined) receiveFrame(parts, connection, data as Buffer, isBinary);
  }
  function onPing(this: WebSocket, data: Buffer): void {
    const connection = connectionOf(this);
    if (connection !== undefined && receiveControl(parts, connection)) this.pong(data);
  }
  function onPong(this: WebSocket): void {
    const connection = connectionOf(this);
    if (connection !== undefined) receiveControl(parts, connection);
  }
  function onError(this: WebSocket, error: Error): void {
    connectionOf(this)?.over(brokenBy(error));
  }
  function onClose(this: WebSocket, code: number): void {
    const connection = connectionOf(this);
    if (connection === undefined) return;
    connection.over(code === 1006 ? "cut" : "client");
    connections.delete(connection);
  }
  return (socket: GatewaySocket, stream: Duplex | undefined): void => {
    const encoding = chooseEncoding([socket.protocol]);
    if (encoding === undefined) {
      socket.terminate();
      return;
    }
    const nowMs = steadyMs();
    const budget = new FrameBudget(limits.frameRate, nowMs);
    const beatMs = limits.heartbeatMs * (0.5 + 0.3 * random());
    const connection = new Connection({ host, socket, stream, encoding, budget, nowMs, beatMs });
    socket.connection = connection;
    socket.on("message", onMessage).on("ping", onPing).on("pong", onPong);
    socket.on("error", onError).on("close", onClose);
    connections.add(connection);
    if (connections.size > limits.maxConnections) connection.close(closeCodes.gatewayFull);
  };
}

function connectionOf(socket: WebSocket): Connection | undefined {
  return socket instanceof GatewaySocket ? socket.connection : undefined;
}

/** The close code that `ws` answers with. */
function brokenBy(error: Error): string {
  const code: unknown = Reflect.get(error, "code");
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "1009";
  return code === "WS_ERR_INVALID_UTF8" ? "1007" : "1002";
}

const ofInterest: ReadonlySet<CloseCode | string> = new Set([
  closeCodes.slowConsumer,
  closeCodes.invalidFrame,
  closeCodes.tooManyFrames,
  closeCodes.tooManyConnections,
  "1009",
  "1007",
  "1002",
]);

function ended({ rooms, connections, metrics, log }: GatewayParts, connection: Connection, why: CloseCode | string) {
  const { sessionId, userId } = connection;
  metrics.closes.inc({ code: String(why) });
  log[ofInterest.has(why) ? "info" : "debug"]({ sessionId, userId, code: why }, "a connection ended");
  if (userId === "") return;
  connections.left(userId);
  try {
    rooms.disconnected(connection);
  } catch (error) {
    log.error({ error, sessionId }, "a connection failed");
  }
}

function sumOfBuffered(connections: Iterable<Connection>): number {
  let sum = 0;
  for (const connection of connections) sum += connection.bufferedBytes;
  return sum;
}
