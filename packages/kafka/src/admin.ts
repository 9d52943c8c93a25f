import type { Admin, Kafka } from "kafkajs";
import { KafkaError, UnknownTopicError } from "./errors.ts";
import { chainOf, failureKind } from "./failure.ts";
import { pause, unlessAborted, within } from "./waiting.ts";

/** How long to go on asking. */
export interface Patience {
  signal: AbortSignal;
  /** After this, the last error is thrown. */
  limitMs?: number;
  onRetry?: (error: unknown) => void;
}

/** A topic that was just created may be unknown to some brokers for a moment. */
const UNKNOWN_FOR_MS = 3000;
/** Longer than what kafkajs itself waits for one answer, with its retries. */
const ATTEMPT_LIMIT_MS = 45_000;
const DISCONNECT_LIMIT_MS = 2000;

/** Asks the brokers something over a connection of its own, and again while the answer is an error that passes. */
export async function askBrokers<T>(kafka: Kafka, what: string, question: (admin: Admin) => Promise<T>, how: Patience) {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await askOnce(kafka, question, how.signal);
    } catch (error) {
      how.signal.throwIfAborted();
      if (error instanceof KafkaError) throw error;
      const elapsedMs = performance.now() - startedAt;
      const giveUp = failureKind(error) === "refused" || elapsedMs > (how.limitMs ?? Number.POSITIVE_INFINITY);
      if (giveUp || (isUnknownTopic(error) && elapsedMs > UNKNOWN_FOR_MS)) throw toKafkaError(what, error);
      how.onRetry?.(error);
      await pause(200, how.signal);
    }
  }
}

/** How many partitions the topic has. Throws `UnknownTopicError`. */
export async function partitionCountOf(admin: Admin, topic: string): Promise<number> {
  const { topics } = await named(topic, () => admin.fetchTopicMetadata({ topics: [topic] }));
  return topics.find((t) => t.name === topic)?.partitions.length ?? 0;
}

/** Runs a question about one topic, so that "unknown topic" can name it. */
export async function named<T>(topic: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (typeof error === "object" && error !== null) Object.assign(error, { topic });
    throw error;
  }
}

/** Whether the brokers said that they do not know the topic. */
export function isUnknownTopic(error: unknown): boolean {
  return chainOf(error).some((e) => (e as { type?: string }).type === "UNKNOWN_TOPIC_OR_PARTITION");
}

/** Bounded, so that a connection that hangs for ever is a failed attempt like others. */
async function askOnce<T>(kafka: Kafka, question: (admin: Admin) => Promise<T>, signal: AbortSignal): Promise<T> {
  const admin = kafka.admin();
  try {
    return await unlessAborted(AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_LIMIT_MS)]), async () => {
      await admin.connect();
      return await question(admin);
    });
  } finally {
    await within(
      DISCONNECT_LIMIT_MS,
      admin.disconnect().catch(() => {}),
    );
  }
}

function toKafkaError(what: string, error: unknown): KafkaError {
  const topic = (error as { topic?: string }).topic;
  if (isUnknownTopic(error) && topic !== undefined) return new UnknownTopicError(topic, error);
  const details = (error as { errors?: Error[] }).errors?.map((e) => e.message).join("; ");
  return new KafkaError(`cannot ${what}: ${details ?? (error instanceof Error ? error.message : error)}`, {
    cause: error,
  });
}
