import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { BreakingChange } from "./breaking-changes.ts";
import { holdsAllValues } from "./breaking-enum.ts";

/** What is broken of one field: the same number before and after. */
export function fieldChanges(old: DescField, now: DescField): BreakingChange[] {
  const anotherType = typeChange(old, now);
  const changes: Record<string, string | undefined> = {
    FIELD_SAME_NAME: renaming("is called", old.name, now.name),
    FIELD_SAME_JSON_NAME: renaming("is in JSON", old.jsonName, now.jsonName),
    FIELD_SAME_ONEOF: renaming("is in the oneof", oneofOf(old), oneofOf(now)),
    FIELD_SAME_DEFAULT: anotherType ? undefined : defaultChange(old, now),
    FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY: renaming("is", cardinality(old), cardinality(now)),
    FIELD_WIRE_JSON_COMPATIBLE_TYPE: anotherType,
  };
  const where = `${old.parent.typeName}.${old.name}`;
  return Object.entries(changes).flatMap(([rule, what]) => (what === undefined ? [] : [{ rule, where, what }]));
}

function renaming(what: string, before: string, after: string): string | undefined {
  return before === after ? undefined : `${what} ${after || "none"} now, and was ${before || "none"}`;
}

function oneofOf({ oneof }: DescField): string {
  return oneof?.name ?? "";
}

function defaultChange(old: DescField, now: DescField): string | undefined {
  if (old.fieldKind !== now.fieldKind) return undefined;
  return renaming("has the default", defaultOf(old), defaultOf(now));
}

/** A default that says what goes without saying is none. */
function defaultOf(field: DescField): string {
  if (field.fieldKind === "enum") return String(field.getDefaultValue() ?? field.enum.values[0]?.number);
  if (field.fieldKind !== "scalar") return "";
  return String(field.getDefaultValue() ?? scalarZeroValue(field.scalar, false));
}

function cardinality({ fieldKind, presence }: DescField): string {
  if (fieldKind === "list" || fieldKind === "map") return fieldKind === "list" ? "repeated" : "a map";
  return presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? "required" : "singular";
}

function typeChange(old: DescField, now: DescField): string | undefined {
  if (old.fieldKind === "map" && now.fieldKind === "map" && groupOf(old.mapKey) !== groupOf(now.mapKey)) {
    return `has keys of the type ${ScalarType[now.mapKey]} now, and had ${ScalarType[old.mapKey]}`;
  }
  if (old.enum !== undefined && now.enum !== undefined && old.enum.name === now.enum.name) {
    const isSame = old.enum.typeName === now.enum.typeName || holdsAllValues(old.enum, now.enum);
    return isSame ? undefined : `has the type ${now.enum.typeName} now, which lacks values of ${old.enum.typeName}`;
  }
  const areAlike = old.scalar !== undefined && now.scalar !== undefined && groupOf(old.scalar) === groupOf(now.scalar);
  return areAlike ? undefined : renaming("has the type", typeOf(old), typeOf(now));
}

function typeOf({ message, enum: enumType, scalar, ...field }: DescField): string {
  if (message !== undefined) return `${isGroup(field) ? "group " : ""}${message.typeName}`;
  return enumType?.typeName ?? (scalar === undefined ? "" : ScalarType[scalar].toLowerCase());
}

function isGroup(field: object): boolean {
  return "delimitedEncoding" in field && field.delimitedEncoding === true;
}

/** Types whose values look alike on the wire and in JSON. */
function groupOf(scalar: ScalarType): ScalarType {
  switch (scalar) {
    case ScalarType.UINT32:
      return ScalarType.INT32;
    case ScalarType.UINT64:
      return ScalarType.INT64;
    case ScalarType.SFIXED32:
      return ScalarType.FIXED32;
    case ScalarType.SFIXED64:
      return ScalarType.FIXED64;
    default:
      return scalar;
  }
}
