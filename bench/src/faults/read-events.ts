import { createHash } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type ConsumedRecord, type KafkaConnection, readPartitions, topicOffsets } from "@maru/kafka";
import { type Entry, EntrySchema, RoomEventSchema } from "@maru/protocol";
import type { SeenEntry } from "./compare-topic.ts";

export interface ReadEvent extends SeenEntry {
  /** When the topic got it, if the topic stamps records by the brokers' clocks. */
  readonly arrivedAtMs: number;
  readonly committedAtMs: number;
}

/** How many events a topic of which nothing was deleted holds. */
export async function eventCount(connection: KafkaConnection, topic: string): Promise<number> {
  const offsets = await topicOffsets(connection, topic);
  return offsets.reduce((sum, { lowOffset, highOffset }) => sum + Number(highOffset - lowOffset), 0);
}

/** Reads a topic of room events back whole. The events of each partition are in order, and so are those of a room. */
export async function readEvents(
  connection: KafkaConnection,
  topic: string,
  signal: AbortSignal,
): Promise<ReadEvent[]> {
  const partitions = (await topicOffsets(connection, topic)).map(({ partition }) => partition);
  const events: ReadEvent[] = [];
  await readPartitions(
    connection,
    { topic, partitions, signal },
    (records) => void events.push(...records.map(toEvent)),
  );
  return events;
}

export function toSeenEntry(entry: Entry): SeenEntry {
  const fingerprint = createHash("sha256").update(toBinary(EntrySchema, entry)).digest("base64url");
  return { roomId: entry.roomId, seq: entry.seq, fingerprint };
}

function toEvent({ value, topic, offset, timestampMs: arrivedAtMs }: ConsumedRecord): ReadEvent {
  const { entry, committedAt } = fromBinary(RoomEventSchema, value ?? new Uint8Array());
  if (entry === undefined || committedAt === undefined) throw new Error(`${topic}: no room event at offset ${offset}`);
  return { ...toSeenEntry(entry), arrivedAtMs, committedAtMs: timestampMs(committedAt) };
}
