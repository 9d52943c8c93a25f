import type { Broker } from "@maru/kafka";
import type { MemoryTopic } from "./memory-topic.ts";

/**
 * A Kafka cluster in memory: topics with partitions, consumer groups with rebalances and generations, committed offsets,
 * compaction. Give it to `subscribe` as `brokers`. What takes seconds with real brokers takes none here. `maru.faults` makes
 * it go wrong.
 *
 * @example
 * await using consumer = await subscribe(client, { brokers: maru.broker, group: "push" }, handlers);
 */
export interface MemoryBroker extends Broker {
  /** What a topic holds, and what comes into it. @throws UnknownTopicError */
  topic(name: string): MemoryTopic<Uint8Array | null>;
  /** The names of all topics. */
  readonly topics: readonly string[];
  /** Removes what a later record of the same key has replaced, in a topic whose `cleanup.policy` is `compact`. */
  compact(topic: string): void;
}
