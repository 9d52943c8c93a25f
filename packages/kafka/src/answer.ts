import type { TopicPartition } from "./errors.ts";

/** The partitions that were sent and that the broker's answer does not name. */
export function missingFromAnswer(
  sent: readonly TopicPartition[],
  answer: readonly { topicName: string; partition: number }[],
): TopicPartition[] {
  return sent.filter((at) => !answer.some((a) => a.topicName === at.topic && a.partition === at.partition));
}
