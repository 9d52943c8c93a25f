import type { KafkaConnection } from "./connection.ts";
import { startConsumer } from "./consumer-driver.ts";
import type { ConsumerDriver, ConsumerOptions } from "./consumer-options.ts";
import { groupOffsets } from "./group-offsets.ts";
import { type ProducerOptions, type RoomProducer, startProducer } from "./producer.ts";
import { type FollowRange, followPartitions, type ReadRange, readPartitions } from "./read-partitions.ts";
import type { ConsumedRecord } from "./record.ts";
import {
  committedOffsets,
  describeTopic,
  ensureTopic,
  offsetsAtTime,
  type PartitionOffsets,
  type TopicSpec,
  topicOffsets,
  topicPartitions,
} from "./topics.ts";

/**
 * A Kafka cluster, as those who consume events need it: {@link kafkaBroker} is a real one, and `@maru/testing` has one in
 * memory. Errors are those of the functions of the same names.
 */
export interface Broker {
  startConsumer(options: Omit<ConsumerOptions, keyof KafkaConnection>): Promise<ConsumerDriver>;
  startProducer(options?: Omit<ProducerOptions, keyof KafkaConnection>): Promise<RoomProducer>;
  ensureTopic(spec: TopicSpec): Promise<"created" | "verified">;
  describeTopic(topic: string): Promise<TopicSpec | undefined>;
  topicPartitions(topic: string): Promise<number>;
  topicOffsets(topic: string): Promise<PartitionOffsets[]>;
  offsetsAtTime(topic: string, timeMs: number): Promise<Map<number, bigint>>;
  committedOffsets(groupId: string, topic: string): Promise<Map<number, bigint>>;
  groupOffsets(topic: string): Promise<Map<string, Map<number, bigint>>>;
  readPartitions(range: ReadRange, onRecords: (records: ConsumedRecord[]) => void | Promise<void>): Promise<void>;
  followPartitions(range: FollowRange, onRecords: (records: ConsumedRecord[]) => void | Promise<void>): Promise<void>;
}

/**
 * The cluster behind a connection.
 *
 * @example
 * const broker = kafkaBroker({ brokers: ["localhost:9092"], clientId: "push" });
 * const offsets = await broker.topicOffsets("maru.room-events.v1");
 */
export function kafkaBroker(connection: KafkaConnection): Broker {
  return {
    startConsumer: (options) => startConsumer({ ...connection, ...options }),
    startProducer: (options) => startProducer({ ...connection, ...options }),
    ensureTopic: (spec) => ensureTopic(connection, spec),
    describeTopic: (topic) => describeTopic(connection, topic),
    topicPartitions: (topic) => topicPartitions(connection, topic),
    topicOffsets: (topic) => topicOffsets(connection, topic),
    offsetsAtTime: (topic, timeMs) => offsetsAtTime(connection, topic, timeMs),
    committedOffsets: (groupId, topic) => committedOffsets(connection, groupId, topic),
    groupOffsets: (topic) => groupOffsets(connection, topic),
    readPartitions: (range, onRecords) => readPartitions(connection, range, onRecords),
    followPartitions: (range, onRecords) => followPartitions(connection, range, onRecords),
  };
}
