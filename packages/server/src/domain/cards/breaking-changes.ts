import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { enumChanges } from "./breaking-enum.ts";
import { fieldChanges } from "./breaking-field.ts";
import { jsonFormatChange } from "./json-format.ts";
import { isNameReserved, isNumberReserved, reservedChanges } from "./reserved.ts";

/** Something that readers with older descriptors, or of older cards, would stumble over. */
export interface BreakingChange {
  /** The rule's name in `buf breaking`. */
  readonly rule: string;
  /** Full name of what was changed. */
  readonly where: string;
  readonly what: string;
}

/**
 * What a message's new descriptors break, by buf's rules of the category WIRE_JSON, in the message itself and in all that
 * it holds. Tests compare it with buf.
 */
export function breakingChanges(before: DescMessage, after: DescMessage): BreakingChange[] {
  const found: BreakingChange[] = [];
  const seen = new Set<string>();
  const pending: [DescMessage, DescMessage][] = [[before, after]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [old, now] = next;
    if (seen.has(old.typeName)) continue;
    seen.add(old.typeName);
    found.push(...messageChanges(old, now));
    for (const [oldField, field] of pairs(old, now)) {
      if (isSameType(oldField.message, field.message)) pending.push([oldField.message, field.message as DescMessage]);
      if (!isSameType(oldField.enum, field.enum) || seen.has(oldField.enum.typeName)) continue;
      seen.add(oldField.enum.typeName);
      found.push(...enumChanges(oldField.enum, field.enum as DescEnum));
    }
  }
  return found;
}

function isSameType<Desc extends DescMessage | DescEnum>(old: Desc | undefined, now: Desc | undefined): old is Desc {
  return old !== undefined && old.typeName === now?.typeName;
}

function pairs(old: DescMessage, now: DescMessage): [DescField, DescField][] {
  const byNumber = new Map(now.fields.map((field) => [field.number, field]));
  return old.fields.flatMap((field) => {
    const next = byNumber.get(field.number);
    return next === undefined ? [] : [[field, next]];
  });
}

function messageChanges(old: DescMessage, now: DescMessage): BreakingChange[] {
  return [
    ...deletions(old, now),
    ...pairs(old, now).flatMap(([before, after]) => fieldChanges(before, after)),
    ...requiredChanges(old, now),
    ...reservedChanges("RESERVED_MESSAGE_NO_DELETE", old, now),
    ...jsonFormatChange("MESSAGE_SAME_JSON_FORMAT", old, now),
  ];
}

function deletions(old: DescMessage, now: DescMessage): BreakingChange[] {
  const kept = new Set(now.fields.map(({ number }) => number));
  return old.fields.flatMap(({ number, name }): BreakingChange[] => {
    if (kept.has(number)) return [];
    const where = `${old.typeName}.${name}`;
    const numberRule = { rule: "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", where };
    const nameRule = { rule: "FIELD_NO_DELETE_UNLESS_NAME_RESERVED", where };
    return [
      ...(isNumberReserved(now, number) ? [] : [{ ...numberRule, what: `was deleted without reserving ${number}` }]),
      ...(isNameReserved(now, name) ? [] : [{ ...nameRule, what: `was deleted without reserving "${name}"` }]),
    ];
  });
}

function requiredChanges(old: DescMessage, now: DescMessage): BreakingChange[] {
  const [before, after] = [requiredFields(old), requiredFields(now)];
  const change = (number: number, what: string): BreakingChange => ({
    rule: "MESSAGE_SAME_REQUIRED_FIELDS",
    where: old.typeName,
    what: `the required field ${number} was ${what}`,
  });
  return [
    ...[...before].filter((number) => !after.has(number)).map((number) => change(number, "deleted")),
    ...[...after].filter((number) => !before.has(number)).map((number) => change(number, "added")),
  ];
}

function requiredFields({ fields }: DescMessage): Set<number> {
  return new Set(
    fields.filter(({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED).map(({ number }) => number),
  );
}
