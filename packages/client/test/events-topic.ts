import { create, toBinary } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { scratchName } from "@maru/devstack";
import { ensureTopic, type RoomProducer, startProducer } from "@maru/kafka";
import { EntrySchema, EventHeader, RoomEventSchema } from "@maru/protocol";
import type { EntrySource } from "../src/events/index.ts";

/** A client that is never asked: nothing is missing in the topic. */
export const neverAsked: EntrySource = {
  events: {
    listEntries() {
      throw new Error("no entries are fetched");
    },
  },
};

/** A client of a table in which every room has so many messages, but for some that retention took. */
export function tableOf({ lastSeq, purged = [] }: { lastSeq: number; purged?: number[] }): EntrySource {
  const listEntries = async ({ roomId = "", after = 0, pageSize = 0 }) => {
    const seqs = seqsOf(roomId, lastSeq - after, after + 1).filter(({ seq }) => !purged.includes(seq));
    const entries = seqs.slice(0, pageSize).map(({ seq }) => create(EntrySchema, entryInit(roomId, seq)));
    return { entries, nextPageToken: seqs.length > pageSize ? "more" : "" };
  };
  return { events: { listEntries: listEntries as unknown as EntrySource["events"]["listEntries"] } };
}

/** A topic of its own and a producer of events into it, as the relay writes them. */
export async function startEventsTopic(brokers: string[], partitionCount: number): Promise<EventsTopic> {
  const topic = scratchName("events");
  const clientId = topic;
  await ensureTopic({ brokers, clientId }, { topic, partitionCount, replicationFactor: 1 });
  const producer = await startProducer({ brokers, clientId });
  return {
    topic,
    producer,
    options: { brokers, topic, group: scratchName("group"), commitIntervalMs: 50, onFailure: "stop" },
    send: async (events) => {
      const messages = events.map(({ roomId, seq, bytes }) => ({
        key: roomId,
        value: bytes ?? messageSent(roomId, seq),
        headers: { [EventHeader.id]: `${roomId}/${seq}` },
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
  /** For `subscribe`: a group of its own that stops at a failure, and frequent commits. */
  readonly options: {
    brokers: string[];
    topic: string;
    group: string;
    commitIntervalMs: number;
    onFailure: "stop";
  };
  /** Writes events in this order: messages, where there are no bytes. */
  send(events: readonly { roomId: string; seq: number; bytes?: Uint8Array }[]): ReturnType<RoomProducer["sendAll"]>;
}

/** The bytes of an event of a text message that says where it belongs. */
export function messageSent(roomId: string, seq: number): Uint8Array {
  const entry = entryInit(roomId, seq);
  return toBinary(
    RoomEventSchema,
    create(RoomEventSchema, { entry, committedAt: timestampNow(), relayedAt: timestampNow() }),
  );
}

function entryInit(roomId: string, seq: number) {
  const content = { kind: { case: "text", value: { text: `${roomId}/${seq}` } } } as const;
  return { roomId, seq, type: "message_sent", body: { case: "messageSent", value: { content } } } as const;
}

/** The bytes of an event whose type no version knows. */
export function newerEvent(roomId: string, seq: number): Uint8Array {
  return toBinary(RoomEventSchema, create(RoomEventSchema, { entry: { roomId, seq, type: "poll_started" } }));
}

/** `1 … count` of a room. */
export function seqsOf(roomId: string, count: number, first = 1): { roomId: string; seq: number }[] {
  return Array.from({ length: count }, (_, at) => ({ roomId, seq: first + at }));
}
