import { scratchName } from "@maru/devstack";
import { expect, test } from "vitest";
import {
  committedOffsets,
  ensureTopic,
  KafkaError,
  startProducer,
  TopicMismatchError,
  topicOffsets,
  topicPartitions,
  UnknownTopicError,
} from "../src/index.ts";
import { connection, message, newTopic } from "./cluster.ts";

const specOf = (topic: string) => ({
  topic,
  partitionCount: 3,
  replicationFactor: 1,
  configs: { "cleanup.policy": "compact", "retention.ms": "3600000" },
});

test("a topic is created once and verified afterwards", async () => {
  const spec = specOf(scratchName("kafka-test"));
  expect(await ensureTopic(connection(), spec)).toBe("created");
  expect(await ensureTopic(connection(), spec)).toBe("verified");
  expect(await topicPartitions(connection(), spec.topic)).toBe(3);
});

test("a topic that differs is refused with every difference, and stays as it is", async () => {
  const spec = specOf(scratchName("kafka-test"));
  await ensureTopic(connection(), spec);
  const other = { ...spec, partitionCount: 6, configs: { ...spec.configs, "cleanup.policy": "delete" } };
  const error = await ensureTopic(connection(), other).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(TopicMismatchError);
  expect((error as TopicMismatchError).differences).toEqual([
    { what: "partitionCount", expected: "6", actual: "3" },
    { what: "cleanup.policy", expected: "delete", actual: "compact" },
  ]);
  expect(await topicPartitions(connection(), spec.topic)).toBe(3);
});

test("a topic that the brokers cannot make is refused with their reason", async () => {
  const spec = { topic: scratchName("kafka-test"), partitionCount: 1, replicationFactor: 99 };
  await expect(ensureTopic(connection(), spec)).rejects.toThrow(KafkaError);
  await expect(ensureTopic(connection(), spec)).rejects.toThrow(/replication/i);
});

test("offsets tell what each partition holds", async () => {
  const topic = await newTopic(2);
  await using producer = await startProducer(connection());
  const { partition } = await producer.send(topic, message("a", "1"));
  await producer.send(topic, message("a", "2"));
  const held = (await topicOffsets(connection(), topic)).map((p) => [p.partition, p.lowOffset, p.highOffset]);
  expect(held).toEqual([0, 1].map((p) => [p, 0n, p === partition ? 2n : 0n]));
});

test("a group that never committed has no offsets", async () => {
  expect(await committedOffsets(connection(), scratchName("group"), await newTopic(2))).toEqual(new Map());
});

test("an unknown topic is a typed error that names it", async () => {
  await expect(topicOffsets(connection(), "kafka-test-nowhere")).rejects.toThrow(UnknownTopicError);
  await expect(topicPartitions(connection(), "kafka-test-nowhere")).rejects.toThrow("kafka-test-nowhere");
});
