import { Kafka, logLevel } from "kafkajs";
import { carryOut } from "../measure/worker.ts";
import type { SideOrders } from "./side-orders.ts";
import { startStopwatch } from "./stopwatch.ts";

/** The least that a program does with kafkajs: it counts what each batch holds. */
const orders: SideOrders = {
  async consume({ brokers, topic, group, count }) {
    const kafka = new Kafka({ brokers: [...brokers], clientId: "bench", logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 250 });
    const watch = startStopwatch(count);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachBatch: async ({ batch }) => watch.count(batch.messages.length),
    });
    const consumed = await watch.done;
    await consumer.disconnect();
    return consumed;
  },
};
carryOut(orders);
