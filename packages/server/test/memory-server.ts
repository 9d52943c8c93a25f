import { randomBytes } from "node:crypto";
import { readConfig } from "../src/config.ts";
import { type ServedApi, serveApi } from "../src/context.ts";
import type { Store } from "../src/domain/store.ts";
import { signServiceToken } from "../src/identity/tokens.ts";
import { createLog } from "../src/log.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { createMemoryJobStore } from "../src/store/memory-jobs.ts";
import { createTelemetry, type Telemetry } from "../src/telemetry.ts";

/** A server in this process over a memory store. */
export interface MemoryServer extends AsyncDisposable {
  readonly api: ServedApi;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly token: string;
  /** How often entries were read. */
  reads(): number;
}

export async function startMemoryServer(): Promise<MemoryServer> {
  const key = randomBytes(32).toString("base64url");
  const config = readConfig({
    MARU_ROLES: "api",
    MARU_LOG_LEVEL: "fatal",
    MARU_GRPC_ADDRESS: "127.0.0.1:0",
    MARU_HTTP_ADDRESS: "127.0.0.1:0",
    MARU_TOKEN_KEY: key,
  });
  const telemetry = createTelemetry({ processMetrics: false });
  const store = createMemoryStore();
  let reads = 0;
  const counted: Store = {
    ...store,
    readEntries(range) {
      reads += 1;
      return store.readEntries(range);
    },
  };
  const log = createLog(config.logLevel);
  const api = await serveApi({
    config,
    log,
    telemetry,
    clock: { nowMs: Date.now },
    store: counted,
    jobs: createMemoryJobStore(),
    checks: [],
  });
  return {
    api,
    store,
    telemetry,
    token: await signServiceToken({ key, service: "tests", ttlSeconds: 3600 }),
    reads: () => reads,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
