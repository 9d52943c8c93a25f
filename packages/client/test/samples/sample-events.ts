import { create, type DescField, type DescMessage, type DescOneof, type Message, ScalarType } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema, type RoomEvent, RoomEventSchema } from "@maru/protocol";

const TIMESTAMP = "google.protobuf.Timestamp";
const BORN_AT_MS = Date.UTC(2026, 10, 2, 10, 0, 0, 123);

/** Events of every type that the contract has, with every field set; of each type as many as its contents have kinds. By name. */
export function sampleEvents(): Map<string, RoomEvent> {
  const events = new Map<string, RoomEvent>();
  const body = EntrySchema.oneofs.find(({ name }) => name === "body");
  for (const field of body?.fields ?? []) {
    const { message } = field;
    if (message === undefined) throw new Error(`the body ${field.name} is no message`);
    const count = variantCount(message);
    for (let variant = 0; variant < count; variant++) {
      const name = count === 1 ? field.name : `${field.name}-${variant + 1}`;
      events.set(name, eventWith(field, fill(message, variant), events.size + 1, variant));
    }
  }
  return events;
}

function eventWith(field: DescField, value: Message, seq: number, variant: number): RoomEvent {
  const entry = fill(EntrySchema, variant) as Entry;
  entry.roomId = "room-1";
  entry.seq = seq;
  entry.type = field.name;
  entry.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  // What was imported has no event.
  delete entry.imported;
  entry.body = { case: field.localName, value } as Entry["body"];
  const at = (ms: number) => timestampFromMs(BORN_AT_MS + ms);
  return create(RoomEventSchema, { entry, committedAt: at(1), streamedAt: at(877), relayedAt: at(1002), healed: true });
}

/** The most members that any choice inside of the message has. */
function variantCount(desc: DescMessage): number {
  const own = desc.oneofs.map(({ fields }) => fields.length);
  const inner = desc.fields.flatMap(({ message }) => (message === undefined ? [] : variantCount(message)));
  return Math.max(1, ...own, ...inner);
}

/** A message with every field set, and of each choice the member with this number. */
function fill(desc: DescMessage, variant: number): Message {
  if (desc.typeName === TIMESTAMP) return timestampFromMs(BORN_AT_MS + variant);
  const message = create(desc);
  for (const member of desc.members) Reflect.set(message, member.localName, memberValue(member, variant));
  return message;
}

function memberValue(member: DescField | DescOneof, variant: number): unknown {
  if (member.kind !== "oneof") return fieldValue(member, variant);
  const chosen = member.fields[variant % member.fields.length];
  return chosen && { case: chosen.localName, value: fieldValue(chosen, variant) };
}

function fieldValue(field: DescField, variant: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return scalarValue(field.scalar, field.name, field.number);
    case "enum":
      return field.enum.values.at(-1)?.number;
    case "message":
      return fill(field.message, variant);
    case "list":
      return field.listKind === "message"
        ? [fill(field.message, variant), fill(field.message, variant + 1)]
        : field.listKind === "enum"
          ? field.enum.values.map(({ number }) => number)
          : [scalarValue(field.scalar, `${field.name} 1`, 1), scalarValue(field.scalar, `${field.name} 2`, 2)];
    case "map":
      if (field.mapKind !== "scalar") throw new Error(`no sample is known for the map ${field.name}`);
      return { first: scalarValue(field.scalar, `${field.name} 가`, 1), second: scalarValue(field.scalar, "", 2) };
  }
}

function scalarValue(type: ScalarType, text: string, number: number): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return new TextEncoder().encode(text);
    case ScalarType.BOOL:
      return true;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return number + 0.5;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(number) + 2n ** 53n;
    default:
      return number;
  }
}
