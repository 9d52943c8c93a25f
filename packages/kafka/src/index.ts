export { type Broker, kafkaBroker } from "./broker.ts";
export type { ClaimStart, PartitionClaim } from "./claim.ts";
export type { KafkaConnection } from "./connection.ts";
export { startConsumer } from "./consumer-driver.ts";
export type { ConsumerDriver, ConsumerOptions, RevokeReason } from "./consumer-options.ts";
export type { ConsumerStall, StalledPartition } from "./consumer-stall.ts";
export * from "./errors.ts";
export { groupOffsets } from "./group-offsets.ts";
export { partitionOf } from "./partition.ts";
export type { OutgoingMessage, ProducerOptions, RoomProducer, Stored } from "./producer.ts";
export { startProducer } from "./producer.ts";
export type { FollowRange, ReadRange } from "./read-partitions.ts";
export { followPartitions, readPartitions } from "./read-partitions.ts";
export type { ConsumedRecord } from "./record.ts";
export type { PartitionOffsets, TopicSpec } from "./topics.ts";
export {
  committedOffsets,
  describeTopic,
  ensureTopic,
  offsetsAtTime,
  topicOffsets,
  topicPartitions,
} from "./topics.ts";
