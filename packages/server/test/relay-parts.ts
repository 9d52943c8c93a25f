import { fromBinary } from "@bufbuild/protobuf";
import { RoomEventSchema } from "@maru/protocol";
import { Registry } from "prom-client";
import { type LoggedEntry, roomBucketCount, type Store } from "../src/domain/store.ts";
import type { DeadLetter } from "../src/relay/dead-letter.ts";
import { createRelayMetrics } from "../src/relay/relay-metrics.ts";
import type { ChangeRecord } from "../src/relay/table-stream.ts";
import type { OutgoingEvent } from "../src/relay/to-event.ts";
import { entrySortKey } from "../src/store/keys.ts";
import { creation, textEntry } from "./store-fixtures.ts";

/** What a relay is made of, without engines. */
export const topics = { roomEvents: "rooms", readMarkers: "markers" };
export const origin = { topics, source: "test", relayedAtMs: 1_000_000 };
export const newMetrics = () => createRelayMetrics(new Registry());

export const appendedAt = (entry: LoggedEntry, appendedAtMs: number): LoggedEntry => ({ ...entry, appendedAtMs });

/** A room with `last` entries, entry n appended at `n * 1_000`. */
export async function fillRoom(store: Store, roomId: string, last: number): Promise<void> {
  const { entry, change } = creation(roomId, ["ann"]);
  await store.putEntryWithState(appendedAt(entry, 1_000), change);
  for (let seq = 2; seq <= last; seq++) await store.putEntry(appendedAt(textEntry(roomId, seq), seq * 1_000));
}

export function recordOf(entry: LoggedEntry): ChangeRecord {
  const { roomId, seq } = entry.entry;
  const at = { sequenceNumber: `${roomId}-${seq}`, committedAtMs: entry.appendedAtMs };
  return { ...at, change: { kind: "entry", entry, committedAtMs: entry.appendedAtMs }, raw: `record ${roomId}/${seq}` };
}

export function poisonRecord(roomId: string, seq: number, sortKey = entrySortKey(seq)): ChangeRecord {
  const change = { kind: "poison", why: "it has no body", roomId, sortKey } as const;
  return { sequenceNumber: `${roomId}-${seq}`, committedAtMs: seq * 1_000, change, raw: `record ${roomId}/${seq}` };
}

export interface TopicEvent {
  readonly roomId: string;
  readonly seq: number;
  readonly gap: string | undefined;
  readonly healed: boolean;
}

export function toTopicEvent({ value }: OutgoingEvent): TopicEvent {
  const { entry, gap, healed } = fromBinary(RoomEventSchema, value);
  const { roomId = "", seq = 0 } = entry ?? gap ?? {};
  return { roomId, seq, gap: gap?.why, healed };
}

/** Dead letters that are acknowledged when `answer` resolves. */
export function notingLetters(answer: () => Promise<void> = async () => undefined) {
  const letters: Omit<DeadLetter, "shardId">[] = [];
  const put = async (letter: Omit<DeadLetter, "shardId">) => {
    letters.push(letter);
    await answer();
  };
  return { letters, put };
}

export const lastBucket = { cursor: { bucket: roomBucketCount }, roomsDone: 0, eventsEmitted: 0 };
