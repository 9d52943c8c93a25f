import { randomBytes } from "node:crypto";
import { connectMaru, type Maru } from "@maru/client";
import { ActorSchema } from "@maru/protocol";
import { ClientFrameSchema } from "@maru/protocol/realtime";
import { compileValidation } from "../src/api/validation.ts";
import type { GatewayLimits } from "../src/gateway/gateway-limits.ts";
import { isUserId } from "../src/gateway/is-user-id.ts";
import { type Gateway, type GatewayConfig, startGateway } from "../src/gateway/start-gateway.ts";
import { createTokenVerifier, signUserToken } from "../src/identity/tokens.ts";
import { createLog } from "../src/log.ts";
import { createTelemetry, type Telemetry } from "../src/telemetry.ts";
import { OpenRooms } from "./gateway-rooms.ts";
import { GatewaySocket } from "./gateway-socket.ts";
import { type MemoryServer, startMemoryServer } from "./memory-server.ts";

/** A gateway before a server, all of it in this process, over rooms that only hand on. */
export interface GatewayWorld extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly server: MemoryServer;
  readonly maru: Maru;
  readonly rooms: OpenRooms;
  readonly telemetry: Telemetry;
  readonly logged: Record<string, unknown>[];
  /** What the gateway takes for now. */
  readonly clock: { nowMs: number };
  token(userId: string, ttlSeconds?: number, audience?: string): Promise<string>;
  open(subprotocol?: string): Promise<GatewaySocket>;
  /** A socket that was welcomed. */
  enter(userId: string, subprotocol?: string): Promise<GatewaySocket>;
}

export interface WorldOptions {
  readonly limits?: Partial<GatewayLimits>;
  readonly config?: Partial<GatewayConfig>;
  /** The service as which the gateway calls. */
  readonly service?: string;
}

const defaultLimits: GatewayLimits = {
  maxFrameBytes: 65_536,
  frameRate: { perSecond: 50, burst: 200 },
  maxSends: 32,
  maxConnections: 1_000,
  maxConnectionsPerUser: 5,
  maxFollowedRooms: 500,
  maxResumeEntries: 500,
  maxBufferedBytes: 1_048_576,
  helloTimeoutMs: 60_000,
  pingTimeoutMs: 60_000,
  heartbeatMs: 60_000,
};

export async function startGatewayWorld(options: WorldOptions = {}): Promise<GatewayWorld> {
  await using starting = new AsyncDisposableStack();
  const key = randomBytes(32).toString("base64url");
  const server = starting.use(await startMemoryServer({ MARU_ALLOWED_SERVICES: "tests,gateway" }));
  const token = await server.tokenOf(options.service ?? "gateway");
  const called = starting.use(connectMaru({ address: server.grpcAddress, token, retry: { maxAttempts: 1 } }));
  const maru = starting.use(connectMaru({ address: server.grpcAddress, token: server.token }));
  const rooms = new OpenRooms();
  const telemetry = createTelemetry({ processMetrics: false });
  const logged: Record<string, unknown>[] = [];
  const clock = { nowMs: Date.now() };
  const validate = compileValidation([ClientFrameSchema, ActorSchema]);
  const verifier = { key, issuer: "maru", audience: "maru-realtime", clockToleranceMs: 0, nowMs: () => clock.nowMs };
  const gateway = starting.use(
    await startGateway({
      config: {
        address: "127.0.0.1:0",
        tls: undefined,
        origins: [],
        compression: false,
        drainWindowMs: 200,
        drainUrl: "",
        ...options.config,
      },
      limits: { ...defaultLimits, ...options.limits },
      rooms,
      maru: called,
      verifyToken: createTokenVerifier(verifier, (subject): subject is string => isUserId(validate, subject)),
      validate,
      telemetry,
      clock: { nowMs: () => clock.nowMs },
      steadyMs: () => performance.now(),
      random: Math.random,
      log: createLog("debug", { write: (line) => logged.push(JSON.parse(line)) }),
    }),
  );
  const open = (subprotocol?: string) => GatewaySocket.open(gateway.address, subprotocol);
  const sign = (userId: string, ttlSeconds = 600, audience = "maru-realtime") =>
    signUserToken({ key, userId, ttlSeconds, audience });
  const started = starting.move();
  return {
    gateway,
    server,
    maru,
    rooms,
    telemetry,
    logged,
    clock,
    token: sign,
    open,
    async enter(userId, subprotocol) {
      const socket = await open(subprotocol);
      socket.send({ case: "hello", value: { token: await sign(userId), client: "tests" } });
      await socket.next("welcome");
      return socket;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
