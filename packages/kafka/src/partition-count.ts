import type { Kafka } from "kafkajs";
import { UnknownTopicError } from "./errors.ts";
import { chainOf, failureKind } from "./failure.ts";
import { pause } from "./waiting.ts";

/** A topic that was just created may be unknown to some brokers for a moment. */
const UNKNOWN_FOR_MS = 3000;

/** Asks the brokers how many partitions a topic has, as often as it takes. Throws {@link UnknownTopicError}. */
export async function fetchPartitionCount(
  kafka: Kafka,
  topic: string,
  signal: AbortSignal,
  onRetry: (error: unknown) => void,
): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await fetchOnce(kafka, topic);
    } catch (error) {
      signal.throwIfAborted();
      const unknown = chainOf(error).some((e) => (e as { type?: string }).type === "UNKNOWN_TOPIC_OR_PARTITION");
      if (unknown && performance.now() - startedAt > UNKNOWN_FOR_MS) throw new UnknownTopicError(topic, error);
      if (failureKind(error) === "refused") throw error;
      onRetry(error);
      await pause(200, signal);
    }
  }
}

async function fetchOnce(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const count = topics.find((t) => t.name === topic)?.partitions.length ?? 0;
    if (count === 0)
      throw Object.assign(new Error("no partitions"), { type: "UNKNOWN_TOPIC_OR_PARTITION", retriable: true });
    return count;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
