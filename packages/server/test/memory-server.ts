import { randomBytes } from "node:crypto";
import { readConfig } from "../src/config.ts";
import { openRealtime } from "../src/context/open-realtime.ts";
import { type ServedApi, serveApi } from "../src/context.ts";
import type { Store } from "../src/domain/store.ts";
import { signServiceToken } from "../src/identity/tokens.ts";
import { createLog } from "../src/log.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { createMemoryCardTypes } from "../src/store/memory-card-types.ts";
import { createMemoryJobStore } from "../src/store/memory-jobs.ts";
import { createTelemetry, type Telemetry } from "../src/telemetry.ts";
import type { MemoryTopicView } from "./memory-topic-view.ts";

/** The whole server as it is wired from its settings, in this process and over a store in memory. */
export interface MemoryServer extends ServedApi {
  readonly store: Store;
  readonly telemetry: Telemetry;
  /** Of the service `tests`. */
  readonly token: string;
  /** Of another service; expired when `ttlSeconds` is negative. */
  tokenOf(service: string, ttlSeconds?: number): Promise<string>;
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[];
  /** How often entries were read. */
  reads(): number;
  /** Everything in Prometheus' text format. */
  metrics(): Promise<string>;
}

export async function startMemoryServer(
  settings: Record<string, string> = {},
  nowMs = Date.now,
  /** What the server sees of its store. */
  distort: (store: Store) => Store = (store) => store,
  /** Gives it brokers, as it were. */
  topic?: MemoryTopicView,
): Promise<MemoryServer> {
  const key = randomBytes(32).toString("base64url");
  const logged: Record<string, unknown>[] = [];
  const telemetry = createTelemetry({ processMetrics: false });
  const store = createMemoryStore({
    nowMs,
    ...(topic !== undefined && { onChange: (change) => topic.onChange(change) }),
  });
  let reads = 0;
  const counted: Store = {
    ...store,
    readEntries(range) {
      reads += 1;
      return store.readEntries(range);
    },
  };
  const config = readConfig({
    MARU_ROLES: "api",
    MARU_GRPC_ADDRESS: "127.0.0.1:0",
    MARU_HTTP_ADDRESS: "127.0.0.1:0",
    MARU_TOKEN_KEY: key,
    // An index in memory knows at once.
    MARU_ERASE_INDEX_DELAY_MS: "0",
    ...settings,
  });
  const log = createLog("info", { write: (line) => logged.push(JSON.parse(line)) });
  const clock = { nowMs };
  const api = await serveApi({
    config,
    log,
    telemetry,
    clock,
    store: distort(counted),
    jobs: createMemoryJobStore(),
    cardTypes: createMemoryCardTypes(),
    checks: [],
    openNode: (use) => openRealtime({ config, log, clock }, use),
    ...(topic !== undefined && { topic: topic.view }),
  });
  const tokenOf = (service: string, ttlSeconds = 3600) => signServiceToken({ key, service, ttlSeconds });
  const token = await tokenOf("tests");
  return Object.assign(api, {
    store,
    telemetry,
    token,
    tokenOf,
    logged,
    reads: () => reads,
    metrics: () => telemetry.text(),
  });
}
