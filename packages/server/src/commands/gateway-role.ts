import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMaru, type Maru } from "@maru/client";
import { ActorSchema } from "@maru/protocol";
import { ClientFrameSchema } from "@maru/protocol/realtime";
import type { ReadinessCheck } from "../api/readiness.ts";
import { compileValidation } from "../api/validation.ts";
import type { Config } from "../config.ts";
import { verifierOptions } from "../context/create-identity.ts";
import type { Clock } from "../domain/clock.ts";
import { isUserId } from "../gateway/is-user-id.ts";
import type { Rooms } from "../gateway/rooms.ts";
import { type Gateway, startGateway } from "../gateway/start-gateway.ts";
import { createTokenVerifier, signServiceToken } from "../identity/tokens.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";

const retryMs = 1_000;
const serviceTokenTtlSeconds = 3_600;

export interface GatewayRole extends AsyncDisposable {
  readonly readiness: ReadinessCheck;
  /** Undefined until it listens. */
  readonly address: string | undefined;
  drain(): Promise<void>;
}

export interface GatewayRoleDeps {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Where this process serves calls, if it does. */
  readonly ownApiAddress: Promise<string> | undefined;
  /** What is told through Redis and the topic. Rejects while they cannot be reached. */
  openRooms(maru: Maru): Promise<Rooms>;
}

/** Takes WebSockets as soon as there is something to tell them: a server starts without Redis and Kafka. */
export function startGatewayRole(deps: GatewayRoleDeps): GatewayRole {
  const { log } = deps;
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
  let gateway: Gateway | undefined;
  let trouble = "it has not started yet";
  const ended = run();
  ended.catch(() => undefined); // Whoever drains or closes is told.

  async function run(): Promise<void> {
    await using running = new AsyncDisposableStack();
    const maru = running.use(connectMaru(await connectOptions(deps)));
    const rooms = await open(maru);
    if (rooms === undefined) return;
    running.use(rooms);
    gateway = running.use(await startGateway(gatewayOptions(deps, maru, rooms)));
    await stopped;
    await gateway.drain();
  }

  async function open(maru: Maru): Promise<Rooms | undefined> {
    while (!stop.signal.aborted) {
      try {
        return await deps.openRooms(maru);
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
        log.error({ error }, "the gateway cannot start");
        await sleep(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  const drain = async () => {
    stop.abort();
    await ended;
  };
  return {
    readiness: {
      name: "gateway",
      async check() {
        if (stop.signal.aborted) throw new Error("it shuts down");
        if (gateway === undefined) throw new Error(trouble);
      },
    },
    get address() {
      return gateway?.address;
    },
    drain,
    [Symbol.asyncDispose]: drain,
  };
}

async function connectOptions({ config, ownApiAddress }: GatewayRoleDeps): Promise<Parameters<typeof connectMaru>[0]> {
  const { gatewayApiAddresses, gatewayApiTls, gatewayApiCa, gatewayServiceTokenFile } = config;
  const address = gatewayApiAddresses.length > 0 ? gatewayApiAddresses : await ownApiAddress;
  if (address === undefined) throw new Error("MARU_GATEWAY_API_ADDRESSES is not set");
  return {
    address,
    ...(gatewayApiTls && { tls: gatewayApiCa === undefined ? true : { ca: gatewayApiCa } }),
    token:
      gatewayServiceTokenFile === undefined
        ? () => signOwnToken(config)
        : () => readFile(gatewayServiceTokenFile, "utf8"),
  };
}

function signOwnToken({ tokenKey = "", tokenIssuer, tokenAudience, gatewayService }: Config): Promise<string> {
  return signServiceToken({
    key: tokenKey,
    service: gatewayService,
    ttlSeconds: serviceTokenTtlSeconds,
    issuer: tokenIssuer,
    audience: tokenAudience,
  });
}

function gatewayOptions(deps: GatewayRoleDeps, maru: Maru, rooms: Rooms) {
  const { config, log, telemetry, clock } = deps;
  const validate = compileValidation([ClientFrameSchema, ActorSchema]);
  const verifier = { ...verifierOptions(deps), audience: config.userTokenAudience };
  return {
    config: {
      address: config.gatewayAddress,
      tls: config.gatewayTls,
      origins: config.gatewayOrigins,
      compression: config.gatewayCompression,
      drainWindowMs: config.gatewayDrainWindowMs,
      drainUrl: config.gatewayDrainUrl,
    },
    limits: gatewayLimits(config),
    rooms,
    maru,
    verifyToken: createTokenVerifier(verifier, (subject): subject is string => isUserId(validate, subject)),
    validate,
    telemetry,
    clock,
    steadyMs: () => performance.now(),
    random: Math.random,
    log,
  };
}

function gatewayLimits(config: Config) {
  return {
    maxFrameBytes: config.gatewayMaxFrameBytes,
    frameRate: { perSecond: config.gatewayFramesPerSecond, burst: config.gatewayFrameBurst },
    maxSends: config.gatewayMaxSends,
    maxConnections: config.gatewayMaxConnections,
    maxConnectionsPerUser: config.gatewayMaxConnectionsPerUser,
    maxFollowedRooms: config.gatewayMaxFollowedRooms,
    maxResumeEntries: config.gatewayMaxResumeEntries,
    maxBufferedBytes: config.gatewayMaxBufferedBytes,
    helloTimeoutMs: config.gatewayHelloTimeoutMs,
    pingTimeoutMs: config.gatewayPingTimeoutMs,
    heartbeatMs: config.gatewayHeartbeatMs,
  };
}
