import type { Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type BytesRules,
  type EnumRules,
  type FieldRules,
  FieldRulesSchema,
  type Int32Rules,
  type MapRules,
  type MessageRules,
  MessageRulesSchema,
  type RepeatedRules,
  type Rule,
  type StringRules,
} from "../../packages/protocol/src/gen/buf/validate/validate_pb.js";

/** What the contract's rules ask of a field, in words. Throws for a rule that it has no words for. */
export function ruleWords(rules: FieldRules): string[] {
  expectOnly(rules, ["required", "cel", ...typeNames]);
  return [...(rules.required ? ["required"] : []), ...rules.cel.map(celWords), ...typeWords(rules)];
}

/** The same for a whole message. */
export function messageRuleWords(rules: MessageRules): string[] {
  expectOnly(rules, ["cel"]);
  return rules.cel.map(celWords);
}

/** The words that a rule in CEL brings along. */
function celWords({ id, message }: Rule): string {
  if (message === "") throw new Error(`the rule ${id} does not say what it asks for`);
  return message;
}

function typeWords({ type }: FieldRules): string[] {
  switch (type.case) {
    case undefined:
      return [];
    case "string":
      return stringWords(type.value);
    case "bytes":
      return bytesWords(type.value);
    case "int32":
    case "uint32":
    case "double":
      return numberWords(type.value);
    case "enum":
      return enumWords(type.value);
    case "repeated":
      return repeatedWords(type.value);
    case "map":
      return mapWords(type.value);
    default:
      throw new Error(`there are no words for rules of ${type.case}`);
  }
}

function stringWords(rules: StringRules): string[] {
  expectOnly(rules, ["minLen", "maxBytes", "pattern"]);
  const { minLen, maxBytes, pattern } = rules;
  if (minLen > 1n) throw new Error("there are no words for more than one character");
  return [
    ...(minLen === 1n ? ["not empty"] : []),
    ...(maxBytes > 0n ? [`at most ${count(maxBytes, "byte")}`] : []),
    ...(pattern === "" ? [] : [`matches \`${pattern}\``]),
  ];
}

function bytesWords(rules: BytesRules): string[] {
  expectOnly(rules, ["minLen", "maxLen"]);
  const { minLen, maxLen } = rules;
  return [
    ...(minLen > 0n ? [`at least ${count(minLen, "byte")}`] : []),
    ...(maxLen > 0n ? [`at most ${count(maxLen, "byte")}`] : []),
  ];
}

function numberWords(rules: Message & Pick<Int32Rules, "greaterThan" | "lessThan">): string[] {
  expectOnly(rules, ["gte", "lte"]);
  const { greaterThan: least, lessThan: most } = rules;
  const [from, to] = [least.case === "gte" ? least.value : undefined, most.case === "lte" ? most.value : undefined];
  if (from !== undefined && to !== undefined) return [`${grouped(from)} to ${grouped(to)}`];
  return from === undefined ? [`at most ${grouped(to ?? 0)}`] : [`at least ${grouped(from)}`];
}

function enumWords(rules: EnumRules): string[] {
  expectOnly(rules, ["definedOnly", "notIn"]);
  const { definedOnly, notIn } = rules;
  return [
    ...(definedOnly ? ["a value that the contract knows"] : []),
    ...(notIn.length > 0 ? [`not ${notIn.join(", ")}`] : []),
  ];
}

function repeatedWords(rules: RepeatedRules): string[] {
  expectOnly(rules, ["minItems", "maxItems", "unique", "items"]);
  const { minItems, maxItems, unique, items } = rules;
  const each = items === undefined ? [] : typeWords(items);
  return [
    ...(minItems > 0n ? [`at least ${count(minItems, "item")}`] : []),
    ...(maxItems > 0n ? [`at most ${count(maxItems, "item")}`] : []),
    ...(unique ? ["none twice"] : []),
    ...(each.length > 0 ? [`each: ${each.join(", ")}`] : []),
  ];
}

function mapWords(rules: MapRules): string[] {
  expectOnly(rules, ["maxPairs", "keys", "values"]);
  const { maxPairs, keys, values } = rules;
  return [
    ...(maxPairs > 0n ? [`at most ${count(maxPairs, "pair")}`] : []),
    ...(keys === undefined ? [] : [`each key: ${typeWords(keys).join(", ")}`]),
    ...(values === undefined ? [] : [`each value: ${typeWords(values).join(", ")}`]),
  ];
}

function expectOnly(rules: Message, known: readonly string[]): void {
  const schema = ruleSchemas.get(rules.$typeName);
  if (schema === undefined) throw new Error(`there are no words for ${rules.$typeName}`);
  const set = reflect(schema, rules);
  for (const field of set.fields) {
    if (set.isSet(field) && !known.includes(field.localName)) throw new Error(`there are no words for ${field}`);
  }
}

const typeRules = FieldRulesSchema.oneofs.find(({ localName }) => localName === "type")?.fields ?? [];
const typeNames = typeRules.map(({ localName }) => localName);
const ruleSchemas = new Map(
  [FieldRulesSchema, MessageRulesSchema, ...typeRules.flatMap(({ message }) => message ?? [])].map((schema) => [
    schema.typeName,
    schema,
  ]),
);

function count(howMany: bigint, what: string): string {
  return `${grouped(howMany)} ${what}${howMany === 1n ? "" : "s"}`;
}

function grouped(value: bigint | number): string {
  return value.toLocaleString("en-US");
}
