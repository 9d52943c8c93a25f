import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { ConsumedRecord } from "@maru/kafka";
import { type Entry, type EntryGap, EntrySchema, type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { UndecodableEventError } from "./errors.ts";
import type { AnyEvent, EventFacts, EventKind } from "./handlers.ts";

/** The names of all handlers for known events, by the type that the contract gives them. */
export const kindOfType: ReadonlyMap<string, EventKind> = new Map(
  EntrySchema.oneofs.flatMap((body) => body.fields.map((field) => [field.name, field.localName as EventKind])),
);

/** An entry that the relay could not read: it has put the bytes aside, and said so in the entry's place. */
export interface UnreadableEntry {
  readonly kind: "unreadable";
  readonly roomId: string;
  readonly seq: number;
  /** Why, for people. */
  readonly why: string;
}

/** What a record says. An entry of a type that is not known is a value of its own kind. Throws {@link UndecodableEventError}. */
export function decodeEvent(record: ConsumedRecord): AnyEvent | UnreadableEntry {
  const event = parseEvent(record);
  const { entry, gap } = event;
  const wrong = entry === undefined ? whatIsWrongWithGap(gap, record.key) : whatIsWrong(entry, record.key);
  if (wrong !== undefined) throw new UndecodableEventError(record, wrong);
  if (entry !== undefined) return toAnyEvent(entry, event);
  return { kind: "unreadable", roomId: gap?.roomId ?? "", seq: gap?.seq ?? 0, why: gap?.why ?? "" };
}

/** What the relay says of an entry. */
type RelayFacts = Pick<Partial<RoomEvent>, "committedAt" | "streamedAt" | "relayedAt"> & { healed: boolean };

/** An entry as an event, with what the relay says of it; of one that was read from the table, only that it is `healed`. */
export function toAnyEvent(entry: Entry, { committedAt, streamedAt, relayedAt, healed }: RelayFacts): AnyEvent {
  const facts: EventFacts = {
    roomId: entry.roomId,
    seq: entry.seq,
    entry,
    type: entry.type,
    committedAt: toDate(committedAt),
    streamedAt: toDate(streamedAt),
    relayedAt: toDate(relayedAt),
    healed,
  };
  const { case: kind, value: body } = entry.body;
  return kind === undefined ? { ...facts, kind: "unknown", body } : ({ ...facts, kind, body } as AnyEvent);
}

/** The value of a record. Throws {@link UndecodableEventError}. */
export function parseEvent(record: ConsumedRecord): RoomEvent {
  if (record.value === null) throw new UndecodableEventError(record, "it has no value");
  try {
    return fromBinary(RoomEventSchema, record.value);
  } catch (error) {
    throw new UndecodableEventError(record, "its value is no maru.events.v1.RoomEvent", error);
  }
}

function whatIsWrong(entry: Entry, key: Uint8Array | null): string | undefined {
  if (entry.roomId === "") return "its entry names no room";
  if (entry.seq === 0) return "its entry has no number";
  if (entry.body.case === undefined && entry.type === "") return "its entry has neither type nor body";
  if (entry.body.case === undefined && kindOfType.has(entry.type)) return `its entry of type ${entry.type} has no body`;
  return whatIsWrongWithKey(entry.roomId, key);
}

function whatIsWrongWithGap(gap: EntryGap | undefined, key: Uint8Array | null): string | undefined {
  if (gap === undefined) return "it holds no entry";
  if (gap.roomId === "") return "its gap names no room";
  if (gap.seq === 0) return "its gap has no number";
  return whatIsWrongWithKey(gap.roomId, key);
}

function whatIsWrongWithKey(roomId: string, key: Uint8Array | null): string | undefined {
  const keyText = key === null ? null : new TextDecoder().decode(key);
  return keyText === roomId ? undefined : `its key is ${keyText}, but its room is ${roomId}`;
}

function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined ? undefined : timestampDate(timestamp);
}
