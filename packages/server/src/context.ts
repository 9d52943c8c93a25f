import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AdminService, type Entry, EventService, MessageService, ReadService, RoomService } from "@maru/protocol";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { adminService } from "./api/admin-service.ts";
import { eventService } from "./api/event-service.ts";
import { listen } from "./api/listen.ts";
import { messageService } from "./api/message-service.ts";
import { readService } from "./api/read-service.ts";
import type { ReadinessCheck } from "./api/readiness.ts";
import { roomService } from "./api/room-service.ts";
import { type ServiceRegistration, serveService } from "./api/service-registration.ts";
import type { Config } from "./config.ts";
import type { JobStore } from "./domain/admin/job.ts";
import type { AdminDomain } from "./domain/admin/start-job.ts";
import type { Alarm, Clock } from "./domain/clock.ts";
import { defaultDomainLimits } from "./domain/domain.ts";
import { createPolledTails, type PolledTails } from "./domain/events/polled-tails.ts";
import { createLog as createRoomLog, defaultLogLimits } from "./domain/log/log.ts";
import { anyKind } from "./domain/rooms/room-kind.ts";
import type { Store } from "./domain/store.ts";
import { allowServices } from "./identity/policy.ts";
import { createTokenIdentity } from "./identity/tokens.ts";
import { startHoldExpiry } from "./jobs/expire-holds.ts";
import { runJobs } from "./jobs/run-jobs.ts";
import type { Log } from "./log.ts";
import { countStoreUnits, type Telemetry } from "./telemetry.ts";

/** What a server is made of besides its store: the parts that the command line and the test kit wire alike. */
export interface ServerParts {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly store: Store;
  readonly jobs: JobStore;
  readonly checks: readonly ReadinessCheck[];
}

export interface ServedApi extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  drain(): Promise<boolean>;
}

interface BackgroundWork extends AsyncDisposable {
  drain(): Promise<void>;
}

/** Starts both listeners, and work on jobs. Without the role api they serve health and metrics only. */
export async function serveApi(parts: ServerParts): Promise<ServedApi> {
  const { config, log, telemetry, clock, checks } = parts;
  const tails = createTails(parts);
  const domain = config.roles.includes("api") ? createDomain(parts, tails.stored) : undefined;
  await using starting = new AsyncDisposableStack();
  const listening = starting.use(
    await listen({
      config,
      services: domain === undefined ? [] : registrations(domain, tails),
      reflection: config.reflection ? readDescriptorSet() : undefined,
      checks,
      identity: createTokenIdentity({
        key: config.tokenKey ?? "",
        issuer: config.tokenIssuer,
        audience: config.tokenAudience,
        clockToleranceMs: config.tokenClockToleranceMs,
        cachedTokens: config.tokenCacheEntries,
        nowMs: clock.nowMs,
        telemetry,
      }),
      policy: allowServices(config.allowedServices),
      telemetry,
      log,
    }),
  );
  const background = domain === undefined ? [] : startBackground(parts, domain).map((work) => starting.use(work));
  const started = starting.move();
  return {
    grpcAddress: listening.grpcAddress,
    httpAddress: listening.httpAddress,
    async drain() {
      const [allEnded] = await Promise.all([listening.drain(), ...background.map((work) => work.drain())]);
      return allEnded;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const jobsPollMs = 1_000;
const jobLeaseMs = 60_000;

/** Work that no caller waits for, each part on every server. */
function startBackground({ config, log, telemetry }: ServerParts, domain: AdminDomain): BackgroundWork[] {
  return [
    startHoldExpiry({ domain, intervalMs: config.holdExpiryIntervalMs, log, telemetry }),
    runJobs({
      domain,
      log,
      pollMs: jobsPollMs,
      leaseMs: jobLeaseMs,
      roomsPerSecond: config.jobsRoomsPerSecond,
      retentionIntervalMs: config.retentionIntervalMs,
    }),
  ];
}

const alarm: Alarm = (ms, ring) => {
  const timer = setTimeout(ring, ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

function createTails({ config, telemetry, store }: ServerParts): PolledTails {
  const { watchMinPollMs: minPollMs, watchMaxPollMs: maxPollMs } = config;
  const tails = createPolledTails({ store, alarm, minPollMs, maxPollMs });
  telemetry.gauge("maru_rooms_watched", "Rooms that WatchRoom follows.", () => tails.roomCount);
  return tails;
}

function registrations(domain: AdminDomain, tails: PolledTails): ServiceRegistration[] {
  return [
    serveService(AdminService, adminService(domain)),
    serveService(RoomService, roomService(domain)),
    serveService(MessageService, messageService(domain)),
    serveService(EventService, eventService(domain, { store: domain.store, clock: domain.log.clock, alarm, tails })),
    serveService(ReadService, readService(domain)),
  ];
}

function createDomain(
  { config, telemetry, clock, store, jobs, log: serverLog }: ServerParts,
  onStored: (entry: Entry) => void,
): AdminDomain {
  const log = createRoomLog({
    store,
    clock,
    random: Math.random,
    sleep: (ms) => sleep(ms),
    // No caller knows the key that the server makes, so it need not carry its time.
    newKey: randomUUID,
    limits: {
      ...defaultLogLimits,
      cachedTailMaxAgeMs: config.cachedTailMaxAgeMs,
      appendTimeoutMs: config.appendTimeoutMs,
      keyMaxSkewMs: config.keyMaxSkewMs,
      keyReadBackEntries: config.keyReadBackEntries,
      cacheBytes: config.cacheBytes,
    },
    onLost: () => telemetry.appendsLost.inc(),
    onStored,
  });
  return {
    store,
    jobs,
    log,
    limits: {
      ...defaultDomainLimits,
      maxTextBytes: config.maxTextBytes,
      maxEdits: config.maxEdits,
      maxReactingUsers: config.maxReactingUsers,
      maxPins: config.maxPins,
      unreadMaxEntries: config.unreadMaxEntries,
      listRoomsMax: config.listRoomsMax,
    },
    kinds: anyKind,
    onFault: (error, facts) => serverLog.error({ ...facts, error }, "a part of a call failed unforeseen"),
  };
}

/** For the store: counts what the table charges. */
export function countConsumed(telemetry: Telemetry) {
  return ({ operation, writeUnits, readUnits }: { operation: string; writeUnits: number; readUnits: number }) => {
    if (writeUnits > 0) countStoreUnits(telemetry, "write", operation, writeUnits);
    if (readUnits > 0) countStoreUnits(telemetry, "read", operation, readUnits);
  };
}
