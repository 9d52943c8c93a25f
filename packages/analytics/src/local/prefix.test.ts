import { expect, test } from "vitest";
import { expandPrefix } from "./prefix.ts";

const at = Date.parse("2026-01-02T03:04:05Z");
const expand = (prefix: string): string => expandPrefix(prefix, at, () => "abc");

test("expressions are filled in by UTC, everything else stays", () => {
  expect(expand("events/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/")).toBe(
    "events/year=2026/month=01/day=02/hour=03/",
  );
  expect(expand("a/!{timestamp:yyyy-MM-dd}/!{firehose:random-string}/")).toBe("a/2026-01-02/abc/");
});

test("an expression that is not known is refused and not left in the name", () => {
  expect(() => expand("!{partitionKeyFromQuery:room}/")).toThrow("is not known to this Firehose");
  expect(() => expand("!{timestamp:YYYY}/")).toThrow("YYYY in !{timestamp:YYYY} is not known");
});
