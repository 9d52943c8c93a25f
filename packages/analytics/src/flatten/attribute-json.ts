import {
  type FieldPath,
  isUserIdField,
  type PersonalData,
  type Treatment,
  treatmentOf,
} from "../privacy/personal-data.ts";
import type { Pseudonyms } from "../privacy/pseudonyms.ts";
import { compareNumbers, toJsonNumber } from "./number-text.ts";
import { UnreadableRecordError } from "./unreadable.ts";

/** An item as Lambda gives it: `{"seq":{"N":"42"}}`, bytes in base64. */
export type Image = Readonly<Record<string, unknown>>;

/** How an item's fields are shown. */
export interface Showing {
  readonly personalData: PersonalData;
  readonly pseudonyms: Pseudonyms;
  /** Whose item it is: hashes of values are of a user. */
  readonly userId: string;
}

/** What a field inherits from the one that it is in. */
type Manner = Treatment | "user_id";

/** The fields of a map as JSON, without the braces; those that the policy leaves out are left out. Throws UnreadableRecordError. */
export function fieldsJson(
  showing: Showing,
  fields: Image,
  above?: FieldPath,
  inherited: Manner = "full",
  rename: (name: string) => string = asItIs,
): string {
  let json = "";
  for (const name of Object.keys(fields)) {
    const manner = mannerOf(showing, name, above) ?? inherited;
    if (manner === "none") continue;
    const value = attributeJson(showing, fields[name], { name, above }, manner);
    json += `${json === "" ? "" : ","}${JSON.stringify(rename(name))}:${value}`;
  }
  return json;
}

const asItIs = (name: string): string => name;

function mannerOf({ personalData }: Showing, name: string, above: FieldPath | undefined): Manner | undefined {
  if (isUserIdField(name)) return personalData.userIds === "hashed" ? "user_id" : "full";
  return personalData.rules.has(name) ? treatmentOf(personalData, name, above) : undefined;
}

function attributeJson(showing: Showing, attribute: unknown, place: FieldPath, manner: Manner): string {
  const type = onlyType(attribute, place);
  const value = (attribute as Image)[type];
  switch (type) {
    case "M":
      return `{${fieldsJson(showing, mapOf(value, place), place, manner)}}`;
    case "L":
      return `[${listOf(value, place)
        .map((element) => attributeJson(showing, element, place, manner))
        .join(",")}]`;
    case "SS":
      return setJson(showing, listOf(value, place), { type: "S", place, manner }, compareText);
    case "NS":
      return setJson(showing, listOf(value, place), { type: "N", place, manner }, compareNumbers);
    case "BS":
      return setJson(showing, listOf(value, place), { type: "B", place, manner }, compareBytes);
    default:
      return shown(showing, scalarJson(type, value, place), manner);
  }
}

/** Sorted by what the elements are, before some of them become hashes. */
function setJson(
  showing: Showing,
  elements: readonly unknown[],
  { type, place, manner }: { type: string; place: FieldPath; manner: Manner },
  compare: (a: string, b: string) => number,
): string {
  const sorted = elements.map((element) => scalarJson(type, element, place)).sort(compare);
  return `[${sorted.map((json) => shown(showing, json, manner)).join(",")}]`;
}

function shown({ pseudonyms, userId }: Showing, json: string, manner: Manner): string {
  if (manner === "hashed") return JSON.stringify(pseudonyms.ofValue(userId, json));
  if (manner === "user_id") return JSON.stringify(pseudonyms.ofUser(JSON.parse(json)));
  return json;
}

function scalarJson(type: string, value: unknown, place: FieldPath): string {
  switch (type) {
    case "S":
    case "B":
      if (typeof value === "string") return JSON.stringify(value);
      break;
    case "N": {
      const json = typeof value === "string" ? toJsonNumber(value) : undefined;
      if (json !== undefined) return json;
      break;
    }
    case "BOOL":
      if (typeof value === "boolean") return value ? "true" : "false";
      break;
    case "NULL":
      return "null";
  }
  throw new UnreadableRecordError(`${pathText(place)} holds no value of type ${type}`);
}

function onlyType(attribute: unknown, place: FieldPath): string {
  if (attribute instanceof Object) {
    let only: string | undefined;
    for (const name in attribute) {
      if (only !== undefined) throw new UnreadableRecordError(`${pathText(place)} has two types`);
      only = name;
    }
    if (only !== undefined) return only;
  }
  throw new UnreadableRecordError(`${pathText(place)} has no type`);
}

function mapOf(value: unknown, place: FieldPath): Image {
  if (value instanceof Object && !Array.isArray(value)) return value as Image;
  throw new UnreadableRecordError(`${pathText(place)} holds no map`);
}

function listOf(value: unknown, place: FieldPath): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new UnreadableRecordError(`${pathText(place)} holds no list`);
}

function pathText({ name, above }: FieldPath): string {
  return above === undefined ? name : `${pathText(above)}.${name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By the bytes, which is not the order of their base64. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "base64"), Buffer.from(b, "base64"));
}
