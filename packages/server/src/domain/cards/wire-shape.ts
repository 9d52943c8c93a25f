import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** What fields, elements of lists, and keys and values of maps hold. */
export interface WireValue {
  readonly name: string;
  readonly wireType: WireType;
  readonly message: DescMessage | undefined;
  readonly isText: boolean;
}

export interface WireField extends WireValue {
  readonly isList: boolean;
  readonly map: { readonly key: WireValue; readonly value: WireValue } | undefined;
}

/** A message's fields by number, as they lie in its bytes. */
export interface WireShape {
  readonly fields: ReadonlyMap<number, WireField>;
  /** Names of the fields that must be there. */
  readonly required: ReadonlyMap<number, string>;
}

const shapes = new WeakMap<DescMessage, WireShape>();

export function wireShape(desc: DescMessage): WireShape {
  let shape = shapes.get(desc);
  if (shape === undefined) {
    const required = desc.fields.filter(({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED);
    shape = {
      fields: new Map(desc.fields.map((field) => [field.number, toWireField(field)])),
      required: new Map(required.map((field) => [field.number, nameOf(field)])),
    };
    shapes.set(desc, shape);
  }
  return shape;
}

function toWireField(field: DescField): WireField {
  const { message, scalar, utf8Validation } = field;
  const name = nameOf(field);
  const isText = scalar === ScalarType.STRING && utf8Validation;
  const wireType = message === undefined ? scalarWireType(scalar) : messageWireType(field);
  const value: WireValue = { name, wireType, message, isText };
  if (field.fieldKind !== "map") return { ...value, isList: field.fieldKind === "list", map: undefined };
  const isTextKey = field.mapKey === ScalarType.STRING && utf8Validation;
  const key: WireValue = { name, wireType: scalarWireType(field.mapKey), message: undefined, isText: isTextKey };
  return {
    name,
    wireType: WireType.LengthDelimited,
    message: undefined,
    isText: false,
    isList: true,
    map: { key, value },
  };
}

function nameOf(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

function messageWireType(field: DescField): WireType {
  const isGroup = "delimitedEncoding" in field && field.delimitedEncoding === true;
  return isGroup ? WireType.StartGroup : WireType.LengthDelimited;
}

/** Undefined: an enum, whose numbers lie there as those of int32 do. */
function scalarWireType(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
