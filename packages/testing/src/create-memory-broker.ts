import {
  type ConsumedRecord,
  type FollowRange,
  type PartitionOffsets,
  type ReadRange,
  type TopicDifference,
  TopicMismatchError,
  type TopicSpec,
  UnknownTopicError,
} from "@maru/kafka";
import { type BrokerWeather, fairWeather } from "./broker-weather.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import { startMemoryConsumer } from "./memory-consumer.ts";
import { createMemoryGroup, type MemoryGroup } from "./memory-group.ts";
import { startMemoryProducer } from "./memory-producer.ts";
import { readOutside } from "./read-outside.ts";
import { createTopicLog, type TopicLog } from "./topic-log.ts";

export interface MemoryBrokerOptions {
  /** Bytes that each topic holds. Beyond that it drops the oldest records. */
  readonly maxTopicBytes: number;
  readonly nowMs: () => number;
  readonly weather?: BrokerWeather;
}

type OnRecords = (records: ConsumedRecord[]) => void | Promise<void>;

interface MemoryTopicState {
  readonly log: TopicLog;
  readonly spec: TopicSpec;
}

/** What the host of a broker in memory may do beside. */
export interface HostedBroker {
  readonly broker: MemoryBroker;
  logOf(topic: string): TopicLog;
  groupOf(groupId: string): MemoryGroup;
  /** Readers of topics end when they have read the rest. */
  close(): void;
}

/** Kafka's own default of `max.message.bytes`. */
const defaultMaxMessageBytes = 1_048_588;

/** What brokers say of a topic that was made without saying it. */
const topicDefaults = { "cleanup.policy": "delete", "min.insync.replicas": "1" };

export function createMemoryBroker(options: MemoryBrokerOptions): HostedBroker {
  const { maxTopicBytes, nowMs, weather = fairWeather } = options;
  const topics = new Map<string, MemoryTopicState>();
  const groups = new Map<string, MemoryGroup>();

  function stateOf(topic: string): MemoryTopicState {
    const found = topics.get(topic);
    if (found === undefined) throw new UnknownTopicError(topic);
    return found;
  }
  const logOf = (topic: string) => stateOf(topic).log;

  function groupOf(groupId: string): MemoryGroup {
    const partitionCount = (topic: string) => logOf(topic).partitions.length;
    const group = groups.get(groupId) ?? createMemoryGroup({ partitionCount, weather });
    groups.set(groupId, group);
    return group;
  }

  function ensureTopic(spec: TopicSpec): "created" | "verified" {
    const existing = topics.get(spec.topic);
    if (existing !== undefined) {
      const differences = differencesOf(existing.spec, spec);
      if (differences.length > 0) throw new TopicMismatchError(spec.topic, differences);
      return "verified";
    }
    const compacted = spec.configs?.["cleanup.policy"]?.includes("compact") ?? false;
    const { topic: name, partitionCount } = spec;
    topics.set(name, {
      spec,
      log: createTopicLog({ name, partitionCount, compacted, maxBytes: maxTopicBytes, nowMs }),
    });
    return "created";
  }

  const offsetsOf = (topic: string): PartitionOffsets[] =>
    logOf(topic).partitions.map(({ lowOffset, highOffset }, partition) => ({ partition, lowOffset, highOffset }));

  async function readPartitions(range: ReadRange, onRecords: OnRecords): Promise<void> {
    await weather.before("ask");
    const log = logOf(range.topic);
    const signal = range.signal ?? new AbortController().signal;
    const places = range.partitions.map((partition) => {
      const end = range.until?.get(partition) ?? log.partitions[partition]?.highOffset;
      return { partition, from: range.from?.get(partition), end };
    });
    await readOutside({ log, weather, signal, onRecords }, places);
  }

  async function followPartitions({ topic, from, signal }: FollowRange, onRecords: OnRecords): Promise<void> {
    try {
      await weather.before("ask");
      const places = [...from].map(([partition, offset]) => ({ partition, from: offset, end: undefined }));
      await readOutside({ log: logOf(topic), weather, signal, onRecords }, places);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  const broker: MemoryBroker = {
    async startConsumer(consumerOptions) {
      await weather.before("ask");
      for (const topic of consumerOptions.topics) stateOf(topic);
      return startMemoryConsumer({ options: consumerOptions, group: groupOf(consumerOptions.groupId), logOf, weather });
    },
    async startProducer({ signal } = {}) {
      const maxMessageBytes = (topic: string) =>
        Number(stateOf(topic).spec.configs?.["max.message.bytes"] ?? defaultMaxMessageBytes);
      return startMemoryProducer({ logOf, maxMessageBytes, weather, signal });
    },
    ensureTopic: async (spec) => ensureTopic(spec),
    async describeTopic(topic) {
      await weather.before("ask");
      const spec = topics.get(topic)?.spec;
      return spec && { ...spec, configs: { ...topicDefaults, ...spec.configs } };
    },
    topicPartitions: async (topic) => logOf(topic).partitions.length,
    async topicOffsets(topic) {
      await weather.before("ask");
      return offsetsOf(topic);
    },
    async committedOffsets(groupId, topic) {
      await weather.before("ask");
      stateOf(topic);
      return groupOf(groupId).committed(topic);
    },
    async groupOffsets(topic) {
      await weather.before("ask");
      stateOf(topic);
      const committed = [...groups].map(([groupId, group]) => [groupId, group.committed(topic)] as const);
      return new Map(committed.filter(([, offsets]) => offsets.size > 0));
    },
    async offsetsAtTime(topic, timeMs) {
      await weather.before("ask");
      return new Map(logOf(topic).partitions.map((log, partition) => [partition, log.offsetAtTime(timeMs)]));
    },
    readPartitions,
    followPartitions,
    topic: (name) => logOf(name).topic,
    get topics() {
      return [...topics.keys()];
    },
    compact: (topic) => logOf(topic).compact(),
  };
  return {
    broker,
    logOf,
    groupOf,
    close() {
      for (const { log } of topics.values()) log.close();
    },
  };
}

function differencesOf(existing: TopicSpec, wanted: TopicSpec): TopicDifference[] {
  const expected: [string, string, string][] = [
    ["partitionCount", String(wanted.partitionCount), String(existing.partitionCount)],
    ["replicationFactor", String(wanted.replicationFactor), String(existing.replicationFactor)],
    ...Object.entries(wanted.configs ?? {}).map(
      ([name, value]) => [name, value, existing.configs?.[name] ?? "(unknown)"] as [string, string, string],
    ),
  ];
  return expected
    .filter(([, want, have]) => want !== have)
    .map(([what, want, have]) => ({ what, expected: want, actual: have }));
}
