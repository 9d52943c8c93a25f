export type { KafkaConnection } from "./connection.ts";
export * from "./errors.ts";
export { partitionOf } from "./partition.ts";
export type { OutgoingMessage, ProducerOptions, RoomProducer, Stored } from "./producer.ts";
export { startProducer } from "./producer.ts";
