import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema } from "@maru/protocol";
import fc from "fast-check";

/** Any value of a message type, made from its descriptor: a field that is added to a contract is in it by itself. */
export function arbitraryMessage(desc: DescMessage): fc.Arbitrary<Message> {
  if (desc.typeName === TimestampSchema.typeName) return arbitraryTimestamp;
  const members = desc.members.map((member): fc.Arbitrary<Record<string, unknown>> => {
    if (member.kind !== "oneof") return fieldValue(member).map((value) => ({ [member.localName]: value }));
    const cases = member.fields.map((field) =>
      fieldValue(field, true).map((value) => ({ case: field.localName, value })),
    );
    return fc.oneof(fc.constant({ case: undefined }), ...cases).map((value) => ({ [member.localName]: value }));
  });
  return fc.tuple(...members).map((fields) => Object.assign(create(desc), ...fields));
}

/** Any entry that can be stored, of each type as often as of another. */
export function arbitraryEntry(): fc.Arbitrary<Entry> {
  const bodies = EntrySchema.fields.filter((field) => field.oneof?.name === "body");
  return fc.constantFrom(...bodies).chain((field) =>
    fc.tuple(arbitraryMessage(EntrySchema), fieldValue(field, true)).map(([message, value]) => {
      const entry = message as Entry;
      entry.type = field.name;
      entry.body = { case: field.localName, value } as Entry["body"];
      return entry;
    }),
  );
}

/** Also texts that look like the default value of another type. */
const text = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  fc.constantFrom("0", "false", "null", "undefined", "{}", "NaN"),
);

const arbitraryTimestamp = fc
  .record({
    seconds: fc.bigInt(-62_135_596_800n, 253_402_300_799n),
    nanos: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1_000_000),
      fc.integer({ min: 0, max: 999_999 }).map((micros) => micros * 1_000),
      fc.integer({ min: 0, max: 999_999_999 }),
    ),
  })
  .map((init) => create(TimestampSchema, init));

function fieldValue(field: DescField, isSet = false): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return scalarValue(field.scalar);
    case "enum":
      return enumValue(field.enum.values.map(({ number }) => number));
    case "message": {
      const message = arbitraryMessage(field.message);
      return isSet ? message : fc.option(message, { nil: undefined });
    }
    case "list":
      return fc.array(elementValue(field), { maxLength: 3 });
    case "map":
      return fc.dictionary(fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }), elementValue(field), {
        maxKeys: 3,
        noNullPrototype: true,
      });
  }
}

function elementValue(field: DescField & { fieldKind: "list" | "map" }): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return arbitraryMessage(field.message);
  return field.enum === undefined
    ? scalarValue(field.scalar)
    : enumValue(field.enum.values.map(({ number }) => number));
}

/** Also a number that has no name yet: Protobuf keeps it. */
function enumValue(known: readonly number[]): fc.Arbitrary<number> {
  return fc.constantFrom(...known, 1_000_000);
}

function scalarValue(scalar: ScalarType): fc.Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.DOUBLE:
      // NaN comes back too, but is not equal to itself.
      return fc.double({ noNaN: true });
    case ScalarType.UINT32:
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case ScalarType.UINT64:
      return fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
    default:
      throw new TypeError(`no contract had a field of scalar type ${ScalarType[scalar]} when this was written`);
  }
}
