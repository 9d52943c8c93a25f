import type { DescMessage } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";

interface BodyField {
  /** Proto name: what Entry.type says. */
  readonly type: string;
  readonly localName: string;
  readonly message: DescMessage;
}

const bodyFields: BodyField[] = EntrySchema.fields.flatMap((field) =>
  field.oneof?.name === "body" && field.message !== undefined
    ? [{ type: field.name, localName: field.localName, message: field.message }]
    : [],
);
const byType = new Map(bodyFields.map((field) => [field.type, field]));
const byCase = new Map(bodyFields.map((field) => [field.localName, field]));

export function bodyFieldOfType(type: string): BodyField | undefined {
  return byType.get(type);
}

export function bodyFieldOfCase(bodyCase: string | undefined): BodyField {
  const field = byCase.get(bodyCase ?? "");
  if (field === undefined) throw new TypeError("an entry cannot be changed to have no body");
  return field;
}

/** Only an entry that says what it is can be stored: it could not be read back. */
export function requireBodyField(entry: Entry): BodyField {
  const field = byCase.get(entry.body.case ?? "");
  if (field === undefined) throw new TypeError(`entry ${entry.roomId}/${entry.seq} has no body`);
  if (field.type !== entry.type)
    throw new TypeError(`entry ${entry.roomId}/${entry.seq} has type "${entry.type}" and a body of "${field.type}"`);
  return field;
}
