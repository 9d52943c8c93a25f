import kafkajs from "kafkajs";
import { inject } from "vitest";
import { kafkaBroker } from "../src/index.ts";
import { describeBroker } from "./broker-contract.ts";

const connect = () => ({ brokers: inject("stack").kafka.brokers, clientId: "broker-test" });

describeBroker("Kafka", { broker: () => kafkaBroker(connect()), dropRecords });

async function dropRecords(topic: string, beforeOffset: bigint): Promise<void> {
  const admin = new kafkajs.Kafka({ ...connect(), logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // loads the metadata that the next call needs
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(beforeOffset) }] });
  await admin.disconnect();
}
