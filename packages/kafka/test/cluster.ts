import { scratchName } from "@maru/devstack";
import { expect, inject } from "vitest";
import {
  type ConsumedRecord,
  ensureTopic,
  type KafkaConnection,
  type OutgoingMessage,
  startConsumer,
  topicOffsets,
} from "../src/index.ts";

/** How the tests reach the broker that all of them share. */
export function connection(): KafkaConnection {
  return { brokers: inject("stack").kafka.brokers, clientId: "kafka-test" };
}

/** A topic of one test's own. */
export async function newTopic(partitionCount = 3, configs: Record<string, string> = {}): Promise<string> {
  const topic = scratchName("kafka-test");
  await ensureTopic(connection(), { topic, partitionCount, replicationFactor: 1, configs });
  return topic;
}

/** Everything that the topic holds, each partition in order. */
export async function readAll(topic: string): Promise<ConsumedRecord[]> {
  const held = await topicOffsets(connection(), topic);
  const total = held.reduce((sum, p) => sum + Number(p.highOffset - p.lowOffset), 0);
  const read: ConsumedRecord[] = [];
  await using _ = await startConsumer({
    ...connection(),
    groupId: scratchName("reader"),
    topics: [topic],
    fromBeginning: true,
    onBatch: (_claim, records) => void read.push(...records),
  });
  await expect.poll(() => read.length, { timeout: 20_000 }).toBe(total);
  return read;
}

export function textOf(record: ConsumedRecord): string {
  return Buffer.from(record.value ?? []).toString();
}

export function message(key: string, text: string): OutgoingMessage {
  return { key, value: Buffer.from(text) };
}
