import { Health } from "@maru/protocol/grpc";
import type { FindRoomKinds } from "../domain/rooms/kinds-of-rooms.ts";
import type { ClientNaming } from "../identity/certified-service.ts";
import type { Identity } from "../identity/tokens.ts";
import type { Log } from "../log.ts";
import type { Policy } from "../policy/policy.ts";
import { RateLimiter } from "../policy/rate-limiter.ts";
import type { Telemetry } from "../telemetry.ts";
import { createAudit, noAudit } from "./audit.ts";
import { createCallRecord } from "./call-record.ts";
import { certifiedByGrpc, certifiedByHttp } from "./client-certificate.ts";
import { toConnectError } from "./error-details.ts";
import { createGrpcBridge } from "./grpc-bridge.ts";
import { listenGrpc } from "./grpc-listener.ts";
import { serveHealth } from "./health.ts";
import { createHttpHandler } from "./http-handler.ts";
import { listenHttp } from "./http-listener.ts";
import { InFlight } from "./in-flight.ts";
import type { Pipeline } from "./interceptors.ts";
import { createReadiness, type ReadinessCheck } from "./readiness.ts";
import { serveReflection } from "./reflection.ts";
import type { ServiceRegistration } from "./service-registration.ts";
import type { TlsFiles } from "./tls-files.ts";
import { compileValidation } from "./validation.ts";

export interface ListenConfig extends ClientNaming {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly grpcTls: TlsFiles | undefined;
  readonly httpTls: TlsFiles | undefined;
  readonly maxRequestBytes: number;
  readonly defaultDeadlineMs: number;
  readonly drainTimeoutMs: number;
  readonly auditLog: boolean;
}

export interface ListenOptions {
  readonly config: ListenConfig;
  readonly services: readonly ServiceRegistration[];
  /** A FileDescriptorSet. Without it there is no reflection. */
  readonly reflection: Uint8Array | undefined;
  readonly checks: readonly ReadinessCheck[];
  readonly identity: Identity;
  readonly policy: Policy;
  readonly findRoomKinds: FindRoomKinds;
  readonly telemetry: Telemetry;
  readonly log: Log;
}

export interface Listening extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  /** Says that it is not ready, refuses new calls, waits for those that run. False when they did not end in time. */
  drain(): Promise<boolean>;
  close(): Promise<void>;
}

const closeGraceMs = 500;
/** For streams that say where to go on. One that does not end is held up by a caller who does not read. */
const streamGraceMs = 1_000;

/** Serves the services on two listeners: gRPC, and HTTP for Connect, gRPC-Web, probes and metrics. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { config, services, telemetry, log } = options;
  const inFlight = new InFlight();
  telemetry.gauge("maru_rpc_calls_in_flight", "Calls of services that are being served.", () => inFlight.count);
  const pipeline: Pipeline = {
    identity: options.identity,
    grants: {
      policy: options.policy,
      rates: new RateLimiter(() => performance.now()),
      findRoomKinds: options.findRoomKinds,
    },
    validate: compileValidation(
      services.flatMap(({ methods }) => methods.map(({ method }) => method.descriptor.input)),
    ),
    inFlight,
    record: createCallRecord({ log, telemetry, audit: config.auditLog ? createAudit(log) : noAudit }),
    toAnswer: toConnectError,
    defaultDeadlineMs: config.defaultDeadlineMs,
  };
  const readiness = createReadiness({ checks: options.checks, inFlight, timeoutMs: 2_000, maxAgeMs: 1_000 });
  const names = services.map(({ service }) => service.typeName);
  const health = serveHealth({ readiness, inFlight, services: names, watchIntervalMs: 5_000 });
  const reflection =
    options.reflection === undefined ? [] : serveReflection(options.reflection, [...names, Health.typeName]);

  const { maxRequestBytes } = config;
  const bridge = createGrpcBridge(pipeline, {
    services: [...services, health, ...reflection],
    maxRequestBytes,
    certifiedBy: certifiedByGrpc(config, config.grpcTls),
  });
  const grpc = await listenGrpc({ address: config.grpcAddress, tls: config.grpcTls, maxRequestBytes, ...bridge });
  const certifiedBy = certifiedByHttp(config, config.httpTls);
  const handler = createHttpHandler(pipeline, { services, maxRequestBytes, certifiedBy, readiness, telemetry, log });
  const http = await listenHttp(config.httpAddress, config.httpTls, handler).catch(async (error: unknown) => {
    await grpc.close(0);
    throw error;
  });
  log.info({ grpc: grpc.address, http: http.address, services: names }, "listening");

  const close = async () => {
    inFlight.interruptAll();
    await Promise.all([grpc.close(closeGraceMs), http.close(closeGraceMs)]);
  };
  return {
    grpcAddress: grpc.address,
    httpAddress: http.address,
    async drain() {
      log.info({ calls: inFlight.count }, "draining");
      const allEnded = await inFlight.drain(config.drainTimeoutMs, Math.min(streamGraceMs, config.drainTimeoutMs / 2));
      log.info({ calls: inFlight.count }, allEnded ? "drained" : "calls did not end in time");
      return allEnded;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
