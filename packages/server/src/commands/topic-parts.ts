import { randomUUID } from "node:crypto";
import { kafkaBroker } from "@maru/kafka";
import type { Config } from "../config.ts";
import type { ServerParts } from "../context/server-parts.ts";
import type { Clock } from "../domain/clock.ts";
import { createKafkaTopicView } from "../relay/kafka-topic-view.ts";
import { relayedUntilMs } from "../relay/relayed-until.ts";
import type { TableClient } from "../store/client.ts";
import { createLeases } from "../store/control.ts";
import { createSingleLease } from "../store/single-lease.ts";
import { readStreamArn } from "../store/stream.ts";
import { kafkaConnection } from "./connections.ts";

/** How long a server that is gone keeps the canary from others. */
const canaryLeaseMs = 15_000;

export interface TopicParts extends AsyncDisposable {
  readonly parts: Pick<ServerParts, "topic" | "canaryLease">;
}

/** What a server has of the topic, when it knows brokers. Nothing is connected before it is used. */
export function createTopicParts(deps: { config: Config; client: TableClient; clock: Clock }): TopicParts {
  const { config, client, clock } = deps;
  if (config.kafkaBrokers.length === 0) return { parts: {}, [Symbol.asyncDispose]: async () => undefined };
  const leases = createLeases({ client, tableName: config.controlTable });
  const topic = createKafkaTopicView({
    broker: kafkaBroker(kafkaConnection(config)),
    topics: { roomEvents: config.kafkaTopic, readMarkers: config.kafkaReadMarkersTopic },
    source: "maru",
    clock,
    relayedUntilMs: async () => relayedUntilMs(leases, await readStreamArn(client, config.table)),
  });
  const canaryLease = createSingleLease({
    leases,
    name: `canary of ${config.table}`,
    owner: randomUUID(),
    ttlMs: canaryLeaseMs + 2 * config.canaryIntervalMs,
    nowMs: () => clock.nowMs(),
  });
  return { parts: { topic, canaryLease }, [Symbol.asyncDispose]: () => topic[Symbol.asyncDispose]() };
}
