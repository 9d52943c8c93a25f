import {
  MessageTooLargeError,
  type RoomProducer,
  SendAllError,
  SendRefusedError,
  UnknownTopicError,
} from "@maru/kafka";
import type { EventSink } from "./event-sink.ts";
import { ShardBlockedError } from "./shard-blocked.ts";
import type { OutgoingEvent } from "./to-event.ts";

/** The producer bounds what is held and lets further sends wait, so a slow broker slows the reading down. */
export function createKafkaSink(producer: Pick<RoomProducer, "sendAll">): EventSink {
  return {
    async send(events) {
      const byTopic = Map.groupBy(events, (event) => event.topic);
      const sends = [...byTopic].map(([topic, ofTopic]) => sendToTopic(producer, topic, ofTopic));
      const failed = (await Promise.allSettled(sends)).find((result) => result.status === "rejected");
      if (failed !== undefined) throw toSinkError(failed.reason);
    },
  };
}

async function sendToTopic(
  producer: Pick<RoomProducer, "sendAll">,
  topic: string,
  events: readonly OutgoingEvent[],
): Promise<void> {
  await producer.sendAll(
    topic,
    events.map(({ key, value, headers }) => ({ key, value, headers })),
  );
}

/** The producer itself repeats whatever may pass by itself. */
function toSinkError(error: unknown): unknown {
  const first = error instanceof SendAllError ? error.cause : error;
  const isRefusal =
    first instanceof MessageTooLargeError || first instanceof SendRefusedError || first instanceof UnknownTopicError;
  return isRefusal ? new ShardBlockedError("refused_by_kafka", first.message, error) : error;
}
