import type { DeliveryFacts, EventFacts } from "./handlers.ts";

/** The parts of an event's way, and `total`. */
export type AgeStage =
  | "commit_to_stream"
  | "stream_to_relay"
  | "relay_to_kafka"
  | "kafka_to_consumer"
  | "consumer_to_handler"
  | "total";

/**
 * How long each part of an event's way took, in seconds, as far as its stamps say. The clocks are those of different
 * machines, and the stream's shows whole seconds: what comes out below 0 counts as 0.
 */
export function eventAges(
  { committedAt, streamedAt, relayedAt }: Pick<EventFacts, "committedAt" | "streamedAt" | "relayedAt">,
  { kafkaTimestamp, receivedAt, handledAt }: Pick<DeliveryFacts, "kafkaTimestamp" | "receivedAt" | "handledAt">,
): [AgeStage, number][] {
  const ages: [AgeStage, number][] = [];
  const add = (stage: AgeStage, from: Date | undefined, to: Date | undefined) => {
    if (from !== undefined && to !== undefined) ages.push([stage, Math.max(0, to.getTime() - from.getTime()) / 1000]);
  };
  add("commit_to_stream", committedAt, streamedAt);
  add("stream_to_relay", streamedAt, relayedAt);
  add("relay_to_kafka", relayedAt, kafkaTimestamp);
  add("kafka_to_consumer", kafkaTimestamp, receivedAt);
  add("consumer_to_handler", receivedAt, handledAt);
  add("total", committedAt, handledAt);
  return ages;
}
