import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import type { BreakingChange } from "./breaking-changes.ts";

type Reserving = DescMessage | DescEnum;

/** Both ends included. */
interface Range {
  readonly first: number;
  readonly last: number;
}

export function isNumberReserved(desc: Reserving, number: number): boolean {
  return reservedRanges(desc).some(({ first, last }) => first <= number && number <= last);
}

export function isNameReserved({ proto }: Reserving, name: string): boolean {
  return proto.reservedName.includes(name);
}

/** What was reserved stays so. */
export function reservedChanges(rule: string, old: Reserving, now: Reserving): BreakingChange[] {
  const where = old.typeName;
  const names = old.proto.reservedName.filter((name) => !isNameReserved(now, name));
  const ranges = reservedRanges(old).filter((range) => !covers(reservedRanges(now), range));
  return [
    ...names.map((name) => ({ rule, where, what: `"${name}" is no longer reserved` })),
    ...ranges.map(({ first, last }) => ({
      rule,
      where,
      what: `${first === last ? first : `${first} to ${last}`} is no longer reserved`,
    })),
  ];
}

function covers(ranges: readonly Range[], { first, last }: Range): boolean {
  let next = first;
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    if (range.first <= next && next <= range.last) next = range.last + 1;
  }
  return next > last;
}

/** A message's descriptor says where a range is over, an enum's what it holds last. */
function reservedRanges(desc: Reserving): Range[] {
  const beyond = desc.kind === "message" ? 1 : 0;
  return desc.proto.reservedRange.map(({ start, end }) => ({ first: start, last: end - beyond }));
}
