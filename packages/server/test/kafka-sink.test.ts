import { createConnection } from "node:net";
import { scratchName } from "@maru/devstack";
import { ensureTopic, readPartitions, startProducer, topicOffsets } from "@maru/kafka";
import { describe, inject } from "vitest";
import { createKafkaSink } from "../src/relay/kafka-sink.ts";
import { type SinkPlace, type StoredEvent, sinkContract, startSinkProxy } from "./sink-contract.ts";

async function openPlace(): Promise<SinkPlace> {
  await using opening = new AsyncDisposableStack();
  const { brokers } = inject("stack").kafka;
  const connection = { brokers, clientId: "sink-test" };
  const topic = scratchName("sink");
  await ensureTopic(connection, { topic, partitionCount: 2, replicationFactor: 1 });
  const answers = { lost: false };
  const proxy = opening.use(await startSinkProxy(brokers[0] ?? "", answers));
  const producer = opening.use(
    await startProducer({
      ...connection,
      drainTimeoutMs: 200,
      socketFactory: ({ onConnect }) => createConnection({ host: "127.0.0.1", port: proxy.port }, onConnect),
    }),
  );
  const opened = opening.move();
  const place: SinkPlace = {
    sink: createKafkaSink(producer),
    topic,
    proxy,
    answers,
    closeSink: () => producer.close(),
    async stored() {
      const stored: StoredEvent[] = [];
      const partitions = (await topicOffsets(connection, topic)).map(({ partition }) => partition);
      await readPartitions(connection, { topic, partitions }, (records) => {
        for (const { key, value, headers } of records) {
          stored.push({ topic, key: `${key && Buffer.from(key)}`, value: Buffer.from(value ?? []), headers });
        }
      });
      return stored;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return place;
}

describe("the sink to Kafka", () => sinkContract(openPlace));
