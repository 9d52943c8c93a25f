import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { Kafka, logLevel } from "kafkajs";
import { carryOut } from "../measure/worker.ts";
import { pace, watchArrivals } from "./pace.ts";
import type { SideOrders } from "./side-orders.ts";

/** The least that a program does by itself: a put, then a record of the same, which a consumer counts. Nothing ties the two. */
const orders: SideOrders = {
  async run({ brokers, topic, group, tableName, perSecond, warmUp, messages, rooms }) {
    const table = new DynamoDBClient({
      endpoint: process.env.MARU_DYNAMODB_ENDPOINT ?? "",
      region: "eu-central-1",
    });
    const kafka = new Kafka({ brokers: [...brokers], clientId: "bench", logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true });
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 250 });
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const arrivals = watchArrivals(warmUp + messages, warmUp);
    await consumer.run({
      eachMessage: async ({ message }) => arrivals.arrived(message.value?.toString() ?? ""),
    });
    await pace(warmUp + messages, perSecond, async (n) => {
      const content = `message ${n} ${padding}`;
      const roomId = `room-${n % rooms}`;
      arrivals.sent(content);
      const item = { pk: { S: roomId }, sk: { S: `${group}#${n}` }, text: { S: content } };
      const condition = "attribute_not_exists(sk)";
      await table.send(new PutItemCommand({ TableName: tableName, Item: item, ConditionExpression: condition }));
      await producer.send({ topic, acks: -1, messages: [{ key: roomId, value: content }] });
    });
    const delaysMs = await arrivals.all;
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
    table.destroy();
    return { delaysMs };
  },
};
const padding = "and so on ".repeat(15);
carryOut(orders);
