import { describeBroker } from "../../kafka/test/broker-contract.ts";
import { createMemoryBroker } from "./create-memory-broker.ts";

const { broker, logOf } = createMemoryBroker({ maxTopicBytes: 1_000_000, nowMs: Date.now });

describeBroker("Kafka in memory", {
  broker: () => broker,
  dropRecords: async (topic, beforeOffset) => logOf(topic).dropBefore(0, beforeOffset),
});
