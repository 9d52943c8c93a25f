import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { AttributeMap } from "./attribute-map.ts";
import { requireConvertible } from "./convertible.ts";
import { timestampText } from "./timestamp-text.ts";

type Fields = Record<string, unknown>;
type Encode = (value: unknown) => AttributeValue;
type Write = (from: Fields, into: AttributeMap) => void;

const writesOf = new WeakMap<DescMessage, readonly Write[]>();
const encodeOf = new WeakMap<DescField, Encode>();

/** Fields by their proto names; values that are the default are left out. */
export function encodeMessage(desc: DescMessage, message: Message): AttributeMap {
  let writes = writesOf.get(desc);
  if (writes === undefined) {
    writes = desc.members.map((member) =>
      member.kind === "oneof" ? oneofWrite(member.localName, member.fields) : fieldWrite(member),
    );
    writesOf.set(desc, writes);
  }
  const into: AttributeMap = {};
  for (const write of writes) write(message as unknown as Fields, into);
  return into;
}

/** One field's value, also when it is the default. */
export function encodeField(field: DescField, value: unknown): AttributeValue {
  let encode = encodeOf.get(field);
  if (encode === undefined) {
    encode = fieldEncode(field);
    encodeOf.set(field, encode);
  }
  return encode(value);
}

function oneofWrite(localName: string, fields: readonly DescField[]): Write {
  const byCase = new Map(fields.map((field) => [field.localName, { name: field.name, encode: fieldEncode(field) }]));
  return (from, into) => {
    const set = from[localName] as { case: string | undefined; value?: unknown };
    if (set.case === undefined) return;
    const field = byCase.get(set.case);
    if (field !== undefined) into[field.name] = field.encode(set.value);
  };
}

function fieldWrite(field: DescField): Write {
  const { name, localName } = field;
  const encode = fieldEncode(field);
  const isDefault = defaultCheck(field);
  if (isDefault === undefined)
    return (from, into) => {
      if (isFieldSet(from as unknown as Message, field)) into[name] = encode(from[localName]);
    };
  return (from, into) => {
    const value = from[localName];
    if (!isDefault(value)) into[name] = encode(value);
  };
}

/** Undefined for a field whose presence is not told by its value. */
function defaultCheck(field: DescField): ((value: unknown) => boolean) | undefined {
  if (field.fieldKind === "list") return (value) => (value as unknown[]).length === 0;
  if (field.fieldKind === "map") return (value) => Object.keys(value as object).length === 0;
  if (field.fieldKind === "message") return (value) => value === undefined;
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return undefined;
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES)
    return (value) => (value as Uint8Array).length === 0;
  // A 64-bit number may be held as a text, whose "0" is the default. The text "0" of a user is none.
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.STRING) return (value) => value === "";
  return (value) => value === false || value === 0n || value === "0" || Object.is(value, 0);
}

function fieldEncode(field: DescField): Encode {
  requireConvertible(field);
  switch (field.fieldKind) {
    case "scalar":
      return scalarEncode(field.scalar);
    case "enum":
      return enumEncode(field.enum);
    case "message":
      return messageEncode(field.message);
    case "list": {
      const encode = elementEncode(field);
      return (value) => ({ L: (value as unknown[]).map(encode) });
    }
    case "map": {
      const encode = elementEncode(field);
      return (value) => ({
        M: Object.fromEntries(Object.entries(value as Fields).map(([key, element]) => [key, encode(element)])),
      });
    }
  }
}

function elementEncode(field: DescField & { fieldKind: "list" | "map" }): Encode {
  if (field.message !== undefined) return messageEncode(field.message);
  return field.enum !== undefined ? enumEncode(field.enum) : scalarEncode(field.scalar);
}

function messageEncode(desc: DescMessage): Encode {
  if (desc.typeName === TimestampSchema.typeName) return (value) => ({ S: timestampText(value as Timestamp) });
  return (value) => ({ M: encodeMessage(desc, value as Message) });
}

function enumEncode(desc: DescEnum): Encode {
  return (value) => {
    const known = desc.value[value as number];
    return known === undefined ? { N: String(value) } : { S: known.name };
  };
}

function scalarEncode(scalar: ScalarType): Encode {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => ({ S: value as string });
    case ScalarType.BOOL:
      return (value) => ({ BOOL: value as boolean });
    case ScalarType.BYTES:
      return (value) => ({ B: value as Uint8Array });
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => (fitsNumber(value as number) ? { N: String(value) } : { S: doubleText(value as number) });
    default:
      return (value) => ({ N: String(value) });
  }
}

/** DynamoDB's numbers are decimal, from 1E-130 to 9.99…E+125, without NaN, infinity or a negative zero. */
function fitsNumber(value: number): boolean {
  const size = Math.abs(value);
  return Object.is(value, 0) || (size >= 1e-130 && size < 9.99e125);
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
