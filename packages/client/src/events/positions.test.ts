import { expect, test } from "vitest";
import { createPositions } from "./positions.ts";

test("the room used longest ago is forgotten first", () => {
  const positions = createPositions(2);
  positions.set("a", 1);
  positions.set("b", 1);
  positions.get("a");
  positions.set("c", 1);
  expect(positions.size).toBe(2);
  expect([positions.get("a"), positions.get("b"), positions.get("c")]).toEqual([1, undefined, 1]);
});

test("a room's position is replaced in place", () => {
  const positions = createPositions(2);
  positions.set("a", 1);
  positions.set("a", 2);
  expect(positions.size).toBe(1);
  expect(positions.get("a")).toBe(2);
});
