import { fromBinary } from "@bufbuild/protobuf";
import type { ConsumedRecord } from "@maru/kafka";
import { type Entry, type EntryGap, EntrySchema, type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { UndecodableEventError } from "./errors.ts";
import type { AnyEvent, EventKind } from "./handlers.ts";
import { scanEvent } from "./scan-event.ts";
import { toDate } from "./scanned-event.ts";
import { ShownEvent } from "./shown-event.ts";

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
  return scanRecord(record) ?? decodeWhole(record);
}

/** The same, for those events alone that can be read without decoding all of them. */
function scanRecord(record: ConsumedRecord): AnyEvent | undefined {
  if (record.value === null || record.key === null) return undefined;
  try {
    return scanEvent(record.value, record.key) as AnyEvent | undefined;
  } catch {
    return undefined; // and so it is decoded again, which says the same with more of the circumstances
  }
}

/** What a record says, decoded as a whole. Throws {@link UndecodableEventError}. */
export function decodeWhole(record: ConsumedRecord): AnyEvent | UnreadableEntry {
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
  return new DecodedEvent(entry, { committedAt, streamedAt, relayedAt, healed }) as unknown as AnyEvent;
}

/** An event of which all is decoded. An `EventOf` of its kind, or an `UnknownEvent`. */
class DecodedEvent extends ShownEvent {
  readonly roomId: string;
  readonly seq: number;
  readonly entry: Entry;
  readonly type: string;
  readonly committedAt: Date | undefined;
  readonly streamedAt: Date | undefined;
  readonly relayedAt: Date | undefined;
  readonly healed: boolean;
  readonly kind: EventKind | "unknown";
  readonly body: unknown;

  constructor(entry: Entry, { committedAt, streamedAt, relayedAt, healed }: RelayFacts) {
    super();
    this.roomId = entry.roomId;
    this.seq = entry.seq;
    this.entry = entry;
    this.type = entry.type;
    this.committedAt = toDate(committedAt);
    this.streamedAt = toDate(streamedAt);
    this.relayedAt = toDate(relayedAt);
    this.healed = healed;
    this.kind = entry.body.case ?? "unknown";
    this.body = entry.body.value;
  }
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
