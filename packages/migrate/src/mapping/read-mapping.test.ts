import { expect, test } from "vitest";
import { monolithMapping } from "../monolith/schema.ts";
import { MappingError } from "./mapping.ts";
import { parseMapping } from "./read-mapping.ts";

function problemsOf(text: string): readonly string[] {
  try {
    parseMapping(text, "m.yaml");
  } catch (error) {
    if (error instanceof MappingError) return error.problems;
    throw error;
  }
  return [];
}

test("a mapping that says everything is read", () => {
  const mapping = parseMapping(monolithMapping, "m.yaml");
  expect(mapping.messages.columns.get("text")).toBe("body");
  expect(mapping.target.direct_kinds).toEqual(["direct"]);
});

test("all that is wrong is said at once, each with its line", () => {
  const text = monolithMapping
    .replace("  created_at: created_at\n  closed_at", "  closed_at")
    .replace("user: user_id", "usr: user_id")
    .replace("direct_kinds: [direct]", "direct_kinds: direct\n  colour: red")
    .replace("attachments:", "attachment:");
  expect(problemsOf(text)).toEqual([
    expect.stringMatching(/^m\.yaml:\d+: there is no part "attachment"/),
    expect.stringMatching(/^m\.yaml:\d+: rooms does not say which column is its created_at/),
    expect.stringMatching(/^m\.yaml:\d+: participants has no "usr"/),
    expect.stringMatching(/^m\.yaml:\d+: participants does not say which column is its user/),
    expect.stringMatching(/^m\.yaml:\d+: target\.direct_kinds must be a list/),
    expect.stringMatching(/^m\.yaml:\d+: target has no "colour"/),
  ]);
});

test("what is no YAML, or no mapping, is said with its line", () => {
  expect(problemsOf("rooms: [")[0]).toMatch(/^m\.yaml:1: /);
  expect(problemsOf("hello")[0]).toMatch(/^m\.yaml:1: must have/);
});
