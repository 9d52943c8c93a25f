import { type Broker, TopicMismatchError, UnknownTopicError } from "@maru/kafka";
import { deadLettersTopic, parkedTopic } from "@maru/protocol";

/** The two kinds of dead letters: rooms that wait, and events that were skipped. */
export type LetterBox = "parked" | "skipped";

/** The topic of each kind. */
export function letterTopics(group: string): Readonly<Record<LetterBox, string>> {
  return { parked: parkedTopic(group), skipped: deadLettersTopic(group) };
}

/** What keys and partitions depend on; the rest may be changed by those who run the brokers. */
const FIXED = new Set(["partitionCount", "cleanup.policy"]);

/**
 * Creates the group's topics of dead letters, with as many partitions and replicas as the topic of the events has.
 *
 * @throws UnknownTopicError when there is no topic of events; TopicMismatchError when one of them is otherwise
 */
export async function ensureLetterTopics(broker: Broker, group: string, source: string): Promise<void> {
  const spec = await broker.describeTopic(source);
  if (spec === undefined) throw new UnknownTopicError(source);
  const { partitionCount, replicationFactor } = spec;
  const minInSync = spec.configs?.["min.insync.replicas"];
  const configs = {
    "cleanup.policy": "compact",
    ...(minInSync === undefined ? {} : { "min.insync.replicas": minInSync }),
  };
  for (const topic of Object.values(letterTopics(group))) {
    try {
      await broker.ensureTopic({ topic, partitionCount, replicationFactor, configs });
    } catch (error) {
      if (!(error instanceof TopicMismatchError)) throw error;
      const differences = error.differences.filter(({ what }) => FIXED.has(what));
      if (differences.length > 0) throw new TopicMismatchError(topic, differences);
    }
  }
}

/** Those of the group's topics of dead letters that are there. */
export async function existingBoxes(broker: Broker, group: string): Promise<LetterBox[]> {
  const found = Object.entries(letterTopics(group)).map(async ([box, topic]) => {
    return (await broker.describeTopic(topic)) === undefined ? [] : [box as LetterBox];
  });
  return (await Promise.all(found)).flat();
}
