import { ErrorReason, EventService } from "@maru/protocol";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { type Listening, type ListenOptions, listen } from "../src/api/listen.ts";
import type { ReadinessCheck } from "../src/api/readiness.ts";
import { callOf } from "../src/api/service-call.ts";
import { type ServiceRegistration, serveService } from "../src/api/service-registration.ts";
import { MaruError } from "../src/errors.ts";
import { createTokenIdentity, signServiceToken } from "../src/identity/tokens.ts";
import { createLog } from "../src/log.ts";
import { allowServices, type Policy } from "../src/policy/policy.ts";
import { createTelemetry } from "../src/telemetry.ts";

export const tokenKey = "a key for the tests of the listeners";
export const maxRequestBytes = 8192;

export interface ApiServer extends Listening {
  readonly token: string;
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[];
  /** Lets calls to the room `held` go on. */
  release(): void;
  /** How many calls wait in the room `held`. */
  held(): number;
}

/** Real listeners over handlers that behave as the room's id says. */
export async function startApiServer(
  config: Partial<ListenOptions["config"]> = {},
  {
    checks = [],
    policy = allowServices([]),
    reflection = true,
    services = [],
  }: { checks?: ReadinessCheck[]; policy?: Policy; reflection?: boolean; services?: ServiceRegistration[] } = {},
): Promise<ApiServer> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog("debug", { write: (line) => logged.push(JSON.parse(line)) });
  const telemetry = createTelemetry({ processMetrics: false });
  const gate = Promise.withResolvers<void>();
  let held = 0;

  const events = serveService(EventService, {
    async listEntries({ roomId }, context) {
      const call = callOf(context);
      switch (roomId) {
        case "caller":
          return { nextPageToken: call.caller };
        case "frozen":
          throw new MaruError(ErrorReason.ROOM_FROZEN, { metadata: { room_id: roomId } });
        case "contended":
          throw new MaruError(ErrorReason.APPEND_CONTENDED, { retryAfterMs: 1500 });
        case "broken":
          throw new TypeError("a secret of the inside");
        case "obedient":
          await new Promise((_, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason)));
          return {};
        case "deaf":
          return new Promise(() => {});
        case "held":
          held += 1;
          await gate.promise;
          return { nextPageToken: "released" };
        default:
          return { nextPageToken: roomId };
      }
    },
  });

  const listening = await listen({
    config: {
      grpcAddress: "127.0.0.1:0",
      httpAddress: "127.0.0.1:0",
      grpcTls: undefined,
      httpTls: undefined,
      maxRequestBytes,
      defaultDeadlineMs: 10_000,
      drainTimeoutMs: 10_000,
      auditLog: true,
      clientNameFrom: "spiffe",
      clientSpiffePrefix: "spiffe://",
      ...config,
    },
    services: [events, ...services],
    reflection: reflection ? readDescriptorSet() : undefined,
    checks,
    identity: createTokenIdentity({
      key: tokenKey,
      issuer: "maru",
      audience: "maru",
      clockToleranceMs: 0,
      cachedTokens: 100,
      nowMs: Date.now,
      telemetry,
    }),
    policy,
    // The kind of the room support-1 is support.
    findRoomKinds: async (roomIds) => new Map(roomIds.map((roomId) => [roomId, roomId.replace(/-.*$/, "")])),
    telemetry,
    log,
  });
  const token = await signServiceToken({ key: tokenKey, service: "orders", ttlSeconds: 600 });
  return Object.assign(listening, { token, logged, release: gate.resolve, held: () => held });
}
