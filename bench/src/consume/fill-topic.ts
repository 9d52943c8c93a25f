import { create } from "@bufbuild/protobuf";
import { ensureTopic, type KafkaConnection, startProducer } from "@maru/kafka";
import { EntrySchema } from "@maru/protocol";
import { toEvent } from "@maru/server/relay/to-event.ts";
import { messageOf300Bytes } from "../measure/message.ts";

export interface TopicFilling {
  readonly topic: string;
  readonly events: number;
  readonly rooms: number;
  readonly partitions: number;
}

const sendAtOnce = 5_000;
const appendedAtMs = 1_700_000_000_000;

/** Fills a topic with what the relay would make of messages of 300 bytes, the rooms taking turns. */
export async function fillTopic(connection: KafkaConnection, filling: TopicFilling): Promise<void> {
  const { topic, events, rooms, partitions } = filling;
  await ensureTopic(connection, { topic, partitionCount: partitions, replicationFactor: 1 });
  await using producer = await startProducer(connection);
  for (let first = 0; first < events; first += sendAtOnce) {
    const count = Math.min(sendAtOnce, events - first);
    await producer.sendAll(
      topic,
      Array.from({ length: count }, (_, index) =>
        eventOf(filling, (first + index) % rooms, Math.floor((first + index) / rooms) + 1),
      ),
    );
  }
}

function eventOf({ topic }: TopicFilling, room: number, seq: number) {
  const roomId = `room-${room}`;
  const { content, idempotencyKey = "" } = messageOf300Bytes(roomId, "ada", "0190f0c4-0000-7000-8000-000000000000");
  const entry = create(EntrySchema, {
    roomId,
    seq,
    type: "message_sent",
    actor: { kind: { case: "userId", value: "ada" } },
    caller: "bench",
    createdAt: { seconds: 1_700_000_000n, nanos: 0 },
    stateSeq: 1,
    idempotencyKey,
    body: { case: "messageSent", value: { ...(content && { content }) } },
  });
  const logged = { entry, requestHash: undefined, appendedAtMs };
  const origin = { topics: { roomEvents: topic, readMarkers: topic }, source: "bench", relayedAtMs: appendedAtMs };
  const event = toEvent({ kind: "entry", entry: logged, committedAtMs: appendedAtMs }, origin);
  if (event === undefined) throw new Error("an entry makes an event");
  return { key: event.key, value: event.value, headers: event.headers };
}
