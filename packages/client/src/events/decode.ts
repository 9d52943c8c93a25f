import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { ConsumedRecord } from "@maru/kafka";
import { type Entry, EntrySchema, type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { UndecodableEventError } from "./errors.ts";
import type { AnyEvent, EventFacts, EventKind } from "./handlers.ts";

/** The names of all handlers for known events, by the type that the contract gives them. */
export const kindOfType: ReadonlyMap<string, EventKind> = new Map(
  EntrySchema.oneofs.flatMap((body) => body.fields.map((field) => [field.name, field.localName as EventKind])),
);

/** What a record says. An entry of a type that is not known is a value of its own kind. Throws {@link UndecodableEventError}. */
export function decodeEvent(record: ConsumedRecord): AnyEvent {
  const event = parseEvent(record);
  const { entry } = event;
  const wrong = entry === undefined ? "it holds no entry" : whatIsWrong(entry, record.key);
  if (entry === undefined || wrong !== undefined) throw new UndecodableEventError(record, `${wrong}`);
  return toAnyEvent(entry, event);
}

/** An entry as an event, with what the relay says of it; of one that was read from the table, only that it is `healed`. */
export function toAnyEvent(
  entry: Entry,
  { committedAt, relayedAt, healed }: Pick<Partial<RoomEvent>, "committedAt" | "relayedAt"> & { healed: boolean },
): AnyEvent {
  const facts: EventFacts = {
    roomId: entry.roomId,
    seq: entry.seq,
    entry,
    type: entry.type,
    committedAt: toDate(committedAt),
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
  const keyText = key === null ? null : new TextDecoder().decode(key);
  return keyText === entry.roomId ? undefined : `its key is ${keyText}, but its room is ${entry.roomId}`;
}

function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined ? undefined : timestampDate(timestamp);
}
