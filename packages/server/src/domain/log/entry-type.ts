import { type Entry, EntrySchema } from "@maru/protocol";

const nameOfCase = new Map(
  EntrySchema.oneofs.flatMap((oneof) => oneof.fields.map((field) => [field.localName, field.name])),
);

/** `message_sent` for a body of the case `messageSent`. */
export function entryType(body: Entry["body"]): string {
  const name = body.case === undefined ? undefined : nameOfCase.get(body.case);
  if (name === undefined) throw new TypeError("an entry without a body cannot be written");
  return name;
}

const messageType = "message_sent";

export function isMessage(entry: Entry): boolean {
  return entry.type === messageType;
}
