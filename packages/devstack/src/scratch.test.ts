import { expect, test } from "vitest";
import { StackOptionsError } from "./errors.ts";
import { scratchName } from "./scratch.ts";

test("two names of one prefix differ, and DynamoDB, Kafka and Redis accept both", () => {
  const names = [scratchName("log"), scratchName("log")];
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^log-[a-z0-9]+-[a-f0-9]{8}$/);
});

test("a prefix that an engine would refuse is refused at once", () => {
  expect(() => scratchName("a/b")).toThrow(StackOptionsError);
  expect(() => scratchName("")).toThrow(StackOptionsError);
});
