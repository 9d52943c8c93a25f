import { ensureTopic } from "@maru/kafka";
import type { Config } from "../config.ts";
import { createClient } from "../store/client.ts";
import { createTables } from "../store/table.ts";
import { kafkaConnection, tableClientOptions } from "./connections.ts";

/** Creates tables and topics, or checks those that exist; may be run again. Says line by line what it did. */
export async function setup(config: Config, say: (line: string) => void): Promise<void> {
  const client = createClient(tableClientOptions(config));
  try {
    const reports = await createTables(client, { tableName: config.table, controlTableName: config.controlTable });
    for (const { tableName, outcome, pointInTimeRecovery } of reports) {
      say(`table ${tableName}: ${outcome}; point-in-time recovery: ${pointInTimeRecovery}`);
    }
  } finally {
    client.destroy();
  }
  if (config.kafkaBrokers.length === 0) return say("no topics: MARU_KAFKA_BROKERS is not set");
  const common = { partitionCount: config.kafkaPartitions, replicationFactor: config.kafkaReplication };
  // An event is acknowledged by two replicas, so that the death of one broker loses none.
  const durable = { "min.insync.replicas": String(Math.min(2, config.kafkaReplication)) };
  // Whole records of the stream, with two images of an item as JSON.
  const deadLetters = { "retention.ms": String(90 * 86_400_000), "max.message.bytes": String(8 * 1024 * 1024) };
  const topics = [
    { topic: config.kafkaTopic, configs: durable },
    { topic: config.kafkaReadMarkersTopic, configs: { ...durable, "cleanup.policy": "compact" } },
    { topic: config.kafkaRelayDeadLettersTopic, configs: { ...durable, ...deadLetters } },
  ];
  for (const topic of topics) {
    const outcome = await ensureTopic(kafkaConnection(config), { ...common, ...topic });
    say(`topic ${topic.topic}: ${outcome}`);
  }
}
