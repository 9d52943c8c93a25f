import type { DescEnum } from "@bufbuild/protobuf";
import type { BreakingChange } from "./breaking-changes.ts";
import { jsonFormatChange } from "./json-format.ts";
import { isNameReserved, isNumberReserved, reservedChanges } from "./reserved.ts";

export function enumChanges(old: DescEnum, now: DescEnum): BreakingChange[] {
  return [
    ...valueChanges(old, now),
    ...reservedChanges("RESERVED_ENUM_NO_DELETE", old, now),
    ...jsonFormatChange("ENUM_SAME_JSON_FORMAT", old, now),
  ];
}

/** Whether every value has its number and its names still. */
export function holdsAllValues(old: DescEnum, now: DescEnum): boolean {
  const after = namesByNumber(now);
  return [...namesByNumber(old)].every(([number, names]) => isSubset(names, after.get(number)));
}

function valueChanges(old: DescEnum, now: DescEnum): BreakingChange[] {
  const after = namesByNumber(now);
  return [...namesByNumber(old)].flatMap(([number, names]) => {
    const where = `${old.typeName}.${names[0]}`;
    const present = after.get(number);
    if (present === undefined) return deletion(now, number, names, where);
    if (isSubset(names, present)) return [];
    return [{ rule: "ENUM_VALUE_SAME_NAME", where, what: `the value ${number} is called ${present.join(", ")} now` }];
  });
}

function deletion(now: DescEnum, number: number, names: readonly string[], where: string): BreakingChange[] {
  const unreserved = names.filter((name) => !isNameReserved(now, name));
  const what = `was deleted without reserving`;
  return [
    ...(isNumberReserved(now, number)
      ? []
      : [{ rule: "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", where, what: `${what} ${number}` }]),
    ...(unreserved.length === 0
      ? []
      : [{ rule: "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED", where, what: `${what} "${unreserved.join('", "')}"` }]),
  ];
}

function namesByNumber({ values }: DescEnum): Map<number, string[]> {
  const byNumber = Map.groupBy(values, ({ number }) => number);
  return new Map([...byNumber].map(([number, all]) => [number, all.map(({ name }) => name)]));
}

function isSubset(names: readonly string[], others: readonly string[] | undefined): boolean {
  return others !== undefined && names.every((name) => others.includes(name));
}
