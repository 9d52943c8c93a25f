import { kafkaRequest } from "../src/kafka/kafka-request.ts";

/** Kafka's CreateTopics request, version 2; the port is that of any broker. */
export async function createTopic(port: number, name: string, partitions: number, replicas: number): Promise<void> {
  const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
  const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value)]);
  const text = (value: string): Buffer => Buffer.concat([int16(value.length), Buffer.from(value)]);
  const noAssignments = int32(0);
  const noConfig = int32(0);
  const topic = Buffer.concat([text(name), int32(partitions), int16(replicas), noAssignments, noConfig]);
  const timeoutMs = int32(10_000);
  const notOnlyValidate = Buffer.from([0]);
  const body = Buffer.concat([int32(1), topic, timeoutMs, notOnlyValidate]);
  const answer = await kafkaRequest(port, { apiKey: 19, version: 2, body }, 15_000);
  // throttle time, count of topics, name, error code
  const error = answer.readInt16BE(4 + 4 + 2 + answer.readInt16BE(8));
  if (error !== 0) throw new Error(`CreateTopics answered with error code ${error}`);
}
