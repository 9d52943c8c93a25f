import { randomBytes } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { partitionOf } from "@maru/kafka";
import { type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { readConfig } from "@maru/server/config.ts";
import { serveApi } from "@maru/server/context.ts";
import { signServiceToken } from "@maru/server/identity/tokens.ts";
import { createLog } from "@maru/server/log.ts";
import { createKafkaTopicView } from "@maru/server/relay/kafka-topic-view.ts";
import { createMemoryStore } from "@maru/server/store/memory.ts";
import { createMemoryCardTypes } from "@maru/server/store/memory-card-types.ts";
import { createMemoryJobStore } from "@maru/server/store/memory-jobs.ts";
import { createTelemetry } from "@maru/server/telemetry.ts";
import { createMemoryBroker } from "./create-memory-broker.ts";
import { createTestFaults } from "./create-test-faults.ts";
import { createEventFaults } from "./event-faults.ts";
import type { MemoryRecord } from "./memory-record.ts";
import type { MemoryTopic } from "./memory-topic.ts";
import { relayTo } from "./relay-to.ts";
import type { TestMaru, TestMaruOptions } from "./test-maru.ts";
import { createUnavailableStore } from "./unavailable-store.ts";

/**
 * Starts the real server in this process, over a memory store, with its interceptors, reflection and health, and a memory
 * topic in place of Kafka. It needs no engines, and is ready in a fraction of a second. Several may run side by side; they
 * share nothing. The key that signs tokens is random.
 *
 * @throws TypeError or RangeError for options that make no sense; ConfigError for `settings` that the server refuses; an
 * Error when a port is taken
 * @example
 * await using maru = await startTestMaru();
 * await using client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("orders") });
 * // … calls …
 * for await (const { entry } of maru.events({ signal: AbortSignal.timeout(1000) })) {
 *   if (entry?.body.case === "messageSent") break;
 * }
 */
export async function startTestMaru(options: TestMaruOptions = {}): Promise<TestMaru> {
  const { partitions = 12, maxTopicBytes = 64 * 1024 * 1024, logLevel = "error" } = options;
  requireWhole("partitions", partitions, 1, 10_000);
  requireWhole("maxTopicBytes", maxTopicBytes, 1, Number.MAX_SAFE_INTEGER);
  const key = randomBytes(32).toString("base64url");
  const config = readConfig({
    MARU_DRAIN_TIMEOUT_MS: "1000",
    MARU_AUDIT_LOG: "off",
    MARU_TOKEN_KEY: key,
    // An index in memory knows at once.
    MARU_ERASE_INDEX_DELAY_MS: "0",
    ...options.settings,
    MARU_ROLES: "api",
    MARU_LOG_LEVEL: logLevel,
    MARU_GRPC_ADDRESS: loopback("grpcPort", options.grpcPort),
    MARU_HTTP_ADDRESS: loopback("httpPort", options.httpPort),
  });
  const clock = { nowMs: Date.now };
  const topics = { roomEvents: config.kafkaTopic, readMarkers: config.kafkaReadMarkersTopic };
  const hosted = createMemoryBroker({ maxTopicBytes, nowMs: clock.nowMs });
  const { broker, logOf } = hosted;
  for (const topic of Object.values(topics)) {
    await broker.ensureTopic({ topic, partitionCount: partitions, replicationFactor: 1 });
  }
  const events = createEventFaults(({ topic, ...event }) => {
    logOf(topic).append({ ...event, partition: partitionOf(event.key, partitions) });
  });
  const outages = new Set<object>();
  const store = createMemoryStore({ onChange: relayTo(events.emit, topics, clock), nowMs: clock.nowMs });
  const api = await serveApi({
    config,
    log: createLog(config.logLevel, process.stderr),
    telemetry: createTelemetry({ processMetrics: false }),
    clock,
    store: createUnavailableStore(store, () => outages.size > 0),
    jobs: createMemoryJobStore(),
    cardTypes: createMemoryCardTypes(),
    checks: [],
    topic: createKafkaTopicView({ broker, topics, source: "maru", clock, relayedUntilMs: async () => clock.nowMs() }),
  });

  const roomEvents = broker.topic(topics.roomEvents) as MemoryTopic;
  const { tokenIssuer: issuer, tokenAudience: audience } = config;
  async function closeAll(): Promise<void> {
    await api.drain();
    await api[Symbol.asyncDispose]();
    hosted.close();
  }
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeAll());
  return {
    grpcAddress: api.grpcAddress,
    httpAddress: `http://${api.httpAddress}`,
    token: (service = "test") =>
      signServiceToken({ key: config.tokenKey ?? key, service, ttlSeconds: 86_400, issuer, audience }),
    broker,
    faults: createTestFaults({ events, hosted, topic: topics.roomEvents, outages }),
    topic: roomEvents,
    readMarkers: broker.topic(topics.readMarkers) as MemoryTopic,
    events: (readOptions) => decodeAll(roomEvents.read(readOptions)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function* decodeAll(records: AsyncIterable<MemoryRecord>): AsyncGenerator<RoomEvent, undefined> {
  for await (const { value } of records) yield fromBinary(RoomEventSchema, value);
}

function loopback(name: string, port = 0): string {
  requireWhole(name, port, 0, 65_535);
  return `127.0.0.1:${port}`;
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`startTestMaru: ${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
