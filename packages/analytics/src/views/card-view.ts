import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";

/** A view with its statement. */
export interface View {
  readonly name: string;
  /** `create or replace view …`, in the dialect of Athena and Trino. */
  readonly sql: string;
}

/** What every card has beside its own fields. */
const ofMessage = ["room_id", "seq", "created_at", "user_id", "hold_state"];

/**
 * The cards of a registered type as a table: a column for each field, by its name in the contract. A field with the name of
 * one of the message's columns gets `field_` before it. Lists, maps and messages are JSON.
 *
 *     cardView(registered.message)   // cards_shop_v1_order
 */
export function cardView(message: DescMessage): View {
  const name = `cards_${message.typeName.toLowerCase().replaceAll(".", "_")}`;
  const columns = [...ofMessage, ...message.fields.map((field) => `${sqlOf(field)} as "${columnOf(field)}"`)];
  return {
    name,
    sql: `create or replace view ${name} as\nselect\n  ${columns.join(",\n  ")}\nfrom messages\nwhere card_type = '${message.typeName}'`,
  };
}

function columnOf({ name }: DescField): string {
  return ofMessage.includes(name) ? `field_${name}` : name;
}

function sqlOf(field: DescField): string {
  const path = `'$["${field.jsonName}"]'`;
  const text = `json_extract_scalar(card, ${path})`;
  if (field.fieldKind === "scalar") {
    const type = typeOfScalar(field.scalar);
    // JSON leaves out what is the default.
    if (type === undefined) return field.presence === explicit ? text : `coalesce(${text}, '')`;
    return field.presence === explicit
      ? `try_cast(${text} as ${type})`
      : `coalesce(try_cast(${text} as ${type}), ${zeroOf(type)})`;
  }
  if (field.fieldKind === "enum") return text;
  if (field.fieldKind === "message" && field.message.typeName === TimestampSchema.typeName)
    return `from_iso8601_timestamp_nanos(${text})`;
  return `json_format(json_extract(card, ${path}))`;
}

/** FieldPresence EXPLICIT: whether it was set can be told. */
const explicit = 1;

function typeOfScalar(scalar: ScalarType): string | undefined {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return undefined;
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "double";
    // More than a bigint holds.
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return "decimal(20, 0)";
    default:
      return "bigint";
  }
}

function zeroOf(type: string): string {
  return type === "boolean" ? "false" : `cast(0 as ${type})`;
}
