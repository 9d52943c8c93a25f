import type { Admin } from "kafkajs";
import { askBrokers, named, type Patience, partitionCountOf } from "./admin.ts";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { type TopicDifference, TopicMismatchError } from "./errors.ts";

/** What a topic must be like. */
export interface TopicSpec {
  topic: string;
  partitionCount: number;
  replicationFactor: number;
  /** Topic configurations, for example `{ "min.insync.replicas": "2", "cleanup.policy": "compact" }`. */
  configs?: Record<string, string>;
}

/** The offsets that a partition holds. */
export interface PartitionOffsets {
  partition: number;
  /** The first offset that still exists. */
  lowOffset: bigint;
  /** The offset that the next record will get. */
  highOffset: bigint;
}

const LIMIT_MS = 20_000;
/** ConfigResourceTypes.TOPIC, which Node cannot import by name from kafkajs. */
const TOPIC_RESOURCE = 2;

/**
 * Creates the topic, or makes sure that it is as asked for. Never changes an existing topic: with more partitions its keys
 * would move and lose their order.
 *
 * @throws TopicMismatchError naming every difference; KafkaError when the brokers refuse or cannot be reached for 20 s
 */
export async function ensureTopic(connection: KafkaConnection, spec: TopicSpec): Promise<"created" | "verified"> {
  let created = false;
  const ask = async (admin: Admin) => {
    created = (await create(admin, spec)) || created;
    const differences = await compare(admin, spec); // fails, and is asked again, until the topic has leaders
    if (differences.length > 0) throw new TopicMismatchError(spec.topic, differences);
    return created ? "created" : "verified";
  };
  return askBrokers(openKafka(connection), `create topic ${spec.topic}`, ask, patience());
}

/** What a topic is like, with what `cleanup.policy` and `min.insync.replicas` say; undefined when it does not exist. */
export async function describeTopic(connection: KafkaConnection, topic: string): Promise<TopicSpec | undefined> {
  const ask = async (admin: Admin) => {
    // Asking for the topic itself would wait for one that was just created elsewhere.
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const { topics } = await named(topic, () => admin.fetchTopicMetadata({ topics: [topic] }));
    const partitions = topics.find((t) => t.name === topic)?.partitions ?? [];
    const configs = await configsOf(admin, topic, ["cleanup.policy", "min.insync.replicas"]);
    return {
      topic,
      partitionCount: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
      configs: Object.fromEntries(configs),
    };
  };
  return askBrokers(openKafka(connection), `describe topic ${topic}`, ask, patience());
}

/** How many partitions the topic has. Throws `UnknownTopicError`. */
export async function topicPartitions(connection: KafkaConnection, topic: string): Promise<number> {
  const ask = (admin: Admin) => partitionCountOf(admin, topic);
  return askBrokers(openKafka(connection), `read the partitions of ${topic}`, ask, patience());
}

/** The first and next offset of every partition, by partition number. Throws `UnknownTopicError`. */
export async function topicOffsets(connection: KafkaConnection, topic: string): Promise<PartitionOffsets[]> {
  const ask = (admin: Admin) => offsetsOf(admin, topic);
  return askBrokers(openKafka(connection), `read the offsets of ${topic}`, ask, patience());
}

/**
 * The first offset of each partition whose record is of that time (milliseconds since 1970) or later; the offset that the
 * next record will get where there is none. Throws `UnknownTopicError`.
 */
export async function offsetsAtTime(
  connection: KafkaConnection,
  topic: string,
  timeMs: number,
): Promise<Map<number, bigint>> {
  const ask = async (admin: Admin) => {
    const offsets = await named(topic, () =>
      admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(timeMs))),
    );
    return new Map(offsets.map((o) => [o.partition, BigInt(o.offset)]));
  };
  return askBrokers(openKafka(connection), `look up offsets of ${topic} by time`, ask, patience());
}

/** The offsets where a group goes on reading, by partition; partitions without one are left out. */
export async function committedOffsets(
  connection: KafkaConnection,
  groupId: string,
  topic: string,
): Promise<Map<number, bigint>> {
  const ask = (admin: Admin) => committedOf(admin, groupId, topic);
  return askBrokers(openKafka(connection), `read the offsets of group ${groupId}`, ask, patience());
}

/** As {@link topicOffsets}, over an open connection. */
export async function offsetsOf(admin: Admin, topic: string): Promise<PartitionOffsets[]> {
  const offsets = await named(topic, () => admin.fetchTopicOffsets(topic));
  return offsets
    .map((o) => ({ partition: o.partition, lowOffset: BigInt(o.low), highOffset: BigInt(o.high) }))
    .sort((a, b) => a.partition - b.partition);
}

/** As {@link committedOffsets}, over an open connection. */
export async function committedOf(admin: Admin, groupId: string, topic: string): Promise<Map<number, bigint>> {
  const [answer] = await named(topic, () => admin.fetchOffsets({ groupId, topics: [topic] }));
  const committed = (answer?.partitions ?? []).map((p) => [p.partition, BigInt(p.offset)] as const);
  return new Map(committed.filter(([, offset]) => offset >= 0n));
}

async function create(admin: Admin, spec: TopicSpec): Promise<boolean> {
  return admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic: spec.topic,
        numPartitions: spec.partitionCount,
        replicationFactor: spec.replicationFactor,
        configEntries: Object.entries(spec.configs ?? {}).map(([name, value]) => ({ name, value })),
      },
    ],
  });
}

async function compare(admin: Admin, spec: TopicSpec): Promise<TopicDifference[]> {
  const { topics } = await named(spec.topic, () => admin.fetchTopicMetadata({ topics: [spec.topic] }));
  const partitions = topics.find((t) => t.name === spec.topic)?.partitions ?? [];
  const expected: [string, string, string][] = [
    ["partitionCount", String(spec.partitionCount), String(partitions.length)],
    ["replicationFactor", String(spec.replicationFactor), String(partitions[0]?.replicas.length ?? 0)],
  ];
  const configNames = Object.keys(spec.configs ?? {});
  if (configNames.length > 0) {
    const actual = await configsOf(admin, spec.topic, configNames);
    for (const name of configNames) expected.push([name, spec.configs?.[name] ?? "", actual.get(name) ?? "(unknown)"]);
  }
  return expected
    .filter(([, want, have]) => want !== have)
    .map(([what, want, have]) => ({ what, expected: want, actual: have }));
}

async function configsOf(admin: Admin, topic: string, configNames: string[]): Promise<Map<string, string>> {
  const resources = [{ type: TOPIC_RESOURCE, name: topic, configNames }];
  const described = await admin.describeConfigs({ includeSynonyms: false, resources });
  return new Map(described.resources[0]?.configEntries.map((e) => [e.configName, e.configValue]));
}

function patience(): Patience {
  return { signal: new AbortController().signal, limitMs: LIMIT_MS };
}
