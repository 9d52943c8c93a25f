import { type Stack, startStack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureTopic, type KafkaConnection, startConsumer, startProducer, topicPartitions } from "../src/index.ts";
import { message, textOf } from "./cluster.ts";

const patient = { timeout: 60_000 };

/** On brokers of its own, which are killed and stopped. */
describe.each([
  { brokers: 3 as const, what: "is killed, so that its partitions have no leader until it is back" },
  { brokers: 1 as const, what: "stands still for longer than a request may take" },
])("with $brokers brokers, of which one $what", ({ brokers }) => {
  let stack: Stack;
  let kafka: NonNullable<Stack["kafka"]>;
  beforeAll(async () => {
    const env = { ...process.env, MARU_KAFKA_BROKERS: undefined };
    stack = await startStack({ kafka: { brokers }, env });
    kafka = stack.kafka as typeof kafka;
  });
  afterAll(() => stack?.close());

  test("what was sent meanwhile, and what is sent later, arrives", { timeout: 180_000 }, async () => {
    const said: string[] = [];
    const connection: KafkaConnection = { brokers: kafka.brokers, clientId: "kafka-test" };
    const topic = "lost-brokers";
    const configs = { "min.insync.replicas": "1" };
    await ensureTopic(connection, { topic, partitionCount: 6, replicationFactor: 1, configs });
    for (const broker of kafka.brokers) {
      const ask = () => topicPartitions({ ...connection, brokers: [broker] }, topic).catch(() => 0);
      await expect.poll(ask, patient).toBe(6);
    }
    const seen = new Set<string>();
    await using consumer = await startConsumer({
      ...connection,
      groupId: "g",
      topics: [topic],
      fromBeginning: true,
      onLog: ({ message: line }) => void said.push(line),
      onBatch: (_claim, records) => {
        for (const record of records) seen.add(textOf(record));
      },
    });
    await using producer = await startProducer({ ...connection, onRetry: (error) => void said.push(String(error)) });
    let sent = 0;
    const send = () =>
      Promise.all(Array.from({ length: 60 }, (_, n) => producer.send(topic, message(`k${n}`, `${sent++}`))));
    await send();
    await expect.poll(() => seen.size, patient).toBe(60);

    const node = kafka.node(1);
    await node.kill(brokers === 3 ? "SIGKILL" : "SIGSTOP");
    const sending = send();
    const refusal = brokers === 3 ? "no leader for this topic-partition" : "timed out";
    await expect.poll(() => said.some((line) => line.includes(refusal)), patient).toBe(true);
    if (brokers === 3) await node.start();
    else await node.kill("SIGCONT");
    await node.waitUntilHealthy();
    await sending;
    await send();
    await expect.poll(() => seen.size, patient).toBe(180);
    expect(consumer.claims).toHaveLength(6);
  });
});
