import { MessageService } from "@maru/protocol";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { listen } from "@maru/server/api/listen.ts";
import { serveService } from "@maru/server/api/service-registration.ts";
import { createTokenIdentity, defaultAudience, defaultIssuer } from "@maru/server/identity/tokens.ts";
import { createLog } from "@maru/server/log.ts";
import { allowServices } from "@maru/server/policy/policy.ts";
import { createTelemetry } from "@maru/server/telemetry.ts";
import { carryOut, ownCpuMicros } from "../measure/worker.ts";
import { toAnswer } from "./answer.ts";
import { sample } from "./sample.ts";
import type { ServerOrders, ServerSettings } from "./server-orders.ts";

/** The server's own listeners with every step of a call, wired as the server does it, over a handler that does nothing. */
async function listenAsMaru({ tokenKey, cachedTokens }: ServerSettings): Promise<string> {
  const telemetry = createTelemetry({ processMetrics: true });
  const answer = toAnswer(sample);
  const { grpcAddress } = await listen({
    config: {
      grpcAddress: "127.0.0.1:0",
      httpAddress: "127.0.0.1:0",
      grpcTls: undefined,
      httpTls: undefined,
      maxRequestBytes: 1_048_576,
      defaultDeadlineMs: 15_000,
      drainTimeoutMs: 10_000,
      auditLog: true,
      clientNameFrom: "spiffe",
      clientSpiffePrefix: "spiffe://",
    },
    services: [serveService(MessageService, { sendMessage: async () => answer })],
    reflection: readDescriptorSet(),
    checks: [],
    identity: createTokenIdentity({
      key: tokenKey,
      issuer: defaultIssuer,
      audience: defaultAudience,
      clockToleranceMs: 30_000,
      cachedTokens,
      nowMs: Date.now,
      telemetry,
    }),
    policy: allowServices([]),
    findRoomKinds: async () => new Map(),
    telemetry,
    log: createLog("info", { write: () => undefined }),
  });
  return grpcAddress;
}

carryOut({ listen: listenAsMaru, cpuMicros: ownCpuMicros } satisfies ServerOrders);
