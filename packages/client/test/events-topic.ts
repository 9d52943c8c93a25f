import { create, toBinary } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { scratchName } from "@maru/devstack";
import { ensureTopic, type RoomProducer, startProducer } from "@maru/kafka";
import { RoomEventSchema } from "@maru/protocol";
import type { EntrySource } from "../src/events/index.ts";

/** A client that is never asked: this form of the consumer does not fetch entries. */
export const neverAsked: EntrySource = {
  events: {
    listEntries() {
      throw new Error("no entries are fetched");
    },
  },
};

/** A topic of its own and a producer of events into it, as the relay writes them. */
export async function startEventsTopic(brokers: string[], partitionCount: number): Promise<EventsTopic> {
  const topic = scratchName("events");
  const clientId = topic;
  await ensureTopic({ brokers, clientId }, { topic, partitionCount, replicationFactor: 1 });
  const producer = await startProducer({ brokers, clientId });
  return {
    topic,
    producer,
    options: { brokers, topic, group: scratchName("group"), commitIntervalMs: 50 },
    send: async (events) => {
      const messages = events.map(({ roomId, seq, bytes }) => ({
        key: roomId,
        value: bytes ?? messageSent(roomId, seq),
      }));
      return producer.sendAll(topic, messages);
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
}

/** What {@link startEventsTopic} makes. */
export interface EventsTopic extends AsyncDisposable {
  readonly topic: string;
  readonly producer: RoomProducer;
  /** For `subscribe`: a group of its own, and frequent commits. */
  readonly options: { brokers: string[]; topic: string; group: string; commitIntervalMs: number };
  /** Writes events in this order: messages, where there are no bytes. */
  send(events: readonly { roomId: string; seq: number; bytes?: Uint8Array }[]): ReturnType<RoomProducer["sendAll"]>;
}

/** The bytes of an event of a text message that says where it belongs. */
export function messageSent(roomId: string, seq: number): Uint8Array {
  const content = { kind: { case: "text", value: { text: `${roomId}/${seq}` } } } as const;
  const body = { case: "messageSent", value: { content } } as const;
  const entry = { roomId, seq, type: "message_sent", body };
  return toBinary(
    RoomEventSchema,
    create(RoomEventSchema, { entry, committedAt: timestampNow(), relayedAt: timestampNow() }),
  );
}

/** The bytes of an event whose type no version knows. */
export function newerEvent(roomId: string, seq: number): Uint8Array {
  return toBinary(RoomEventSchema, create(RoomEventSchema, { entry: { roomId, seq, type: "poll_started" } }));
}

/** `1 … count` of a room. */
export function seqsOf(roomId: string, count: number, first = 1): { roomId: string; seq: number }[] {
  return Array.from({ length: count }, (_, at) => ({ roomId, seq: first + at }));
}
