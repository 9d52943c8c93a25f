import type { Broker } from "@maru/kafka";
import type { MemoryTopic } from "./memory-topic.ts";

/**
 * A Kafka cluster in memory: topics with partitions, consumer groups with rebalances and generations, committed offsets,
 * compaction. Give it to `subscribe` as `brokers`. What takes seconds with real brokers takes none here.
 *
 * @example
 * await using consumer = await subscribe(client, { brokers: maru.broker, group: "push" }, handlers);
 */
export interface MemoryBroker extends Broker {
  /** What a topic holds, and what comes into it. @throws UnknownTopicError */
  topic(name: string): MemoryTopic<Uint8Array | null>;
  /** The names of all topics. */
  readonly topics: readonly string[];
  /** The group takes all partitions from its members and shares them out anew. Resolves when they have them. */
  rebalance(groupId: string): Promise<void>;
  /** The group forgets how far it is in a topic, or in all: as brokers do when it was idle for too long. */
  forgetOffsets(groupId: string, topic?: string): void;
  /** As retention does it: records below the offset are gone. @throws UnknownTopicError */
  dropRecords(topic: string, partition: number, beforeOffset: bigint): void;
  /** Removes what a later record of the same key has replaced, in a topic whose `cleanup.policy` is `compact`. */
  compact(topic: string): void;
}
