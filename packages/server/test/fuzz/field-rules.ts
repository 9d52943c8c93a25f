import {
  type DescExtension,
  type DescField,
  getOption,
  hasOption,
  type JsonObject,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import { contractRegistry } from "../contract-methods.ts";

/** What protovalidate asks of one value: `{ minLen: "1", pattern: "^…$" }`. */
export interface ValueRules {
  readonly minLen?: string;
  readonly maxLen?: string;
  readonly maxBytes?: string;
  readonly pattern?: string;
  readonly gte?: number | string;
  readonly lte?: number | string;
}

export interface FieldRules extends ValueRules {
  readonly minItems?: string;
  readonly maxItems?: string;
  readonly maxPairs?: string;
  readonly required: boolean;
  /** Of a list's items, or a map's values. */
  readonly items: ValueRules;
  /** Of a map's keys. */
  readonly keys: ValueRules;
}

const known = new Map<DescField, FieldRules>();

export function rulesOf(field: DescField): FieldRules {
  const rules = known.get(field) ?? readRules(field);
  known.set(field, rules);
  return rules;
}

function readRules(field: DescField): FieldRules {
  const json = optionOf(field);
  const typed = Object.values(json).find(isObject) ?? {};
  const { items, keys, values } = typed as { items?: JsonValue; keys?: JsonValue; values?: JsonValue };
  return { ...typed, required: json.required === true, items: innermost(items ?? values), keys: innermost(keys) };
}

/** `{ string: { minLen } }` is about the value of a list or map. */
function innermost(rules: JsonValue | undefined): ValueRules {
  return (isObject(rules) ? Object.values(rules).find(isObject) : undefined) ?? {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function optionOf(field: DescField): JsonObject {
  const extension: DescExtension | undefined = contractRegistry.getExtension("buf.validate.field");
  if (extension?.message === undefined) throw new Error("the contracts hold no rules");
  if (!hasOption(field, extension)) return {};
  const rules = getOption(field, extension) as Parameters<typeof toJson>[1];
  const json = toJson(extension.message, rules, { registry: contractRegistry });
  return isObject(json) ? json : {};
}
