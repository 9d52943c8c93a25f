import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type AttributeMap, mapOf } from "./attribute-map.ts";
import { requireConvertible } from "./convertible.ts";
import { parseTimestampText } from "./timestamp-text.ts";

/** Gets the name of each known attribute whose value is not of its type. */
export type OnMismatch = (attributeName: string) => void;

/** Undefined: not of the type. IGNORED: of the type, but a later version's value. */
type Decode = (attribute: AttributeValue, onMismatch: OnMismatch) => unknown;
type Read = (attribute: AttributeValue, into: Record<string, unknown>, onMismatch: OnMismatch) => void;

const IGNORED = Symbol("ignored");
const readsOf = new WeakMap<DescMessage, ReadonlyMap<string, Read>>();

/** Never throws: attributes and enum names that this version does not know are left out, as are values of a wrong type. */
export function decodeMessage<Desc extends DescMessage>(
  desc: Desc,
  attributes: AttributeMap,
  onMismatch: OnMismatch = () => undefined,
): MessageShape<Desc> {
  let reads = readsOf.get(desc);
  if (reads === undefined) {
    reads = new Map(desc.fields.map((field) => [field.name, fieldRead(field)]));
    readsOf.set(desc, reads);
  }
  const message = create(desc);
  for (const name of Object.keys(attributes)) {
    const attribute = attributes[name];
    if (attribute !== undefined)
      reads.get(name)?.(attribute, message as unknown as Record<string, unknown>, onMismatch);
  }
  return message;
}

function fieldRead(field: DescField): Read {
  const { name, localName, oneof } = field;
  const decode = fieldDecode(field);
  return (attribute, into, onMismatch) => {
    const value = decode(attribute, onMismatch);
    if (value === undefined) onMismatch(name);
    else if (value === IGNORED) return;
    else if (oneof === undefined) into[localName] = value;
    else into[oneof.localName] = { case: localName, value };
  };
}

function fieldDecode(field: DescField): Decode {
  requireConvertible(field);
  switch (field.fieldKind) {
    case "scalar":
      return scalarDecode(field.scalar, field.longAsString);
    case "enum":
      return enumDecode(field.enum);
    case "message":
      return messageDecode(field.message);
    case "list": {
      const decode = elementDecode(field);
      return (attribute, onMismatch) => {
        if (!Array.isArray(attribute.L)) return undefined;
        return attribute.L.map((element) => decode(element, onMismatch)).filter((value) =>
          isValue(value, field, onMismatch),
        );
      };
    }
    case "map": {
      const decode = elementDecode(field);
      return (attribute, onMismatch) => {
        if (attribute.M === undefined) return undefined;
        const decoded = Object.entries(attribute.M).map(
          ([key, element]) => [key, decode(element, onMismatch)] as const,
        );
        return Object.fromEntries(decoded.filter(([, value]) => isValue(value, field, onMismatch)));
      };
    }
  }
}

function isValue(value: unknown, field: DescField, onMismatch: OnMismatch): boolean {
  if (value === undefined) onMismatch(field.name);
  return value !== undefined && value !== IGNORED;
}

function elementDecode(field: DescField & { fieldKind: "list" | "map" }): Decode {
  if (field.message !== undefined) return messageDecode(field.message);
  if (field.enum !== undefined) return enumDecode(field.enum);
  return scalarDecode(field.scalar, field.fieldKind === "list" && field.longAsString);
}

function messageDecode(desc: DescMessage): Decode {
  if (desc.typeName === TimestampSchema.typeName)
    return ({ S }) => (S === undefined ? undefined : parseTimestampText(S));
  return (attribute, onMismatch): Message | undefined => {
    const fields = mapOf(attribute);
    return fields === undefined ? undefined : decodeMessage(desc, fields, onMismatch);
  };
}

function enumDecode(desc: DescEnum): Decode {
  const byName = new Map(desc.values.map((value) => [value.name, value.number]));
  return ({ S, N }) => {
    if (S !== undefined) return byName.get(S) ?? IGNORED;
    return N === undefined ? undefined : wholeNumber(N, -0x8000_0000, 0x7fff_ffff);
  };
}

function scalarDecode(scalar: ScalarType, longAsString: boolean): Decode {
  switch (scalar) {
    case ScalarType.STRING:
      return ({ S }) => S;
    case ScalarType.BOOL:
      return ({ BOOL }) => BOOL;
    case ScalarType.BYTES:
      return ({ B }) => (B instanceof Uint8Array ? B : undefined);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return ({ N, S }) => doubleOf(N ?? S);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return ({ N }) => (N === undefined ? undefined : wholeNumber(N, 0, 0xffff_ffff));
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return ({ N }) => (N === undefined ? undefined : wholeNumber(N, -0x8000_0000, 0x7fff_ffff));
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return ({ N }) => longOf(N, longAsString, BigInt.asUintN);
    default:
      return ({ N }) => longOf(N, longAsString, BigInt.asIntN);
  }
}

function wholeNumber(text: string, lowest: number, highest: number): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value >= lowest && value <= highest ? value : undefined;
}

function doubleOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : value;
}

function longOf(
  text: string | undefined,
  asString: boolean,
  wrap: (bits: number, value: bigint) => bigint,
): bigint | string | undefined {
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  if (wrap(64, value) !== value) return undefined;
  return asString ? text : value;
}
