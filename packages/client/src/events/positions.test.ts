import { expect, test } from "vitest";
import { createPositions } from "./positions.ts";

test("a room that is used is remembered, and one that was not used for long is forgotten", () => {
  const positions = createPositions(4);
  positions.set("kept", 1);
  positions.set("left", 1);
  for (const room of ["a", "b", "c", "d", "e", "f"]) {
    expect(positions.get("kept")).toBe(1);
    positions.set(room, 1);
    expect(positions.size).toBeLessThanOrEqual(4);
  }
  expect([positions.get("left"), positions.get("kept"), positions.get("f")]).toEqual([undefined, 1, 1]);
});

test("half of the rooms, those used last, are remembered whatever comes", () => {
  const positions = createPositions(100);
  for (let room = 1; room <= 1000; room++) {
    positions.set(`room-${room}`, room);
    if (room < 50) continue;
    for (const back of [0, 25, 49]) expect(positions.get(`room-${room - back}`)).toBe(room - back);
    for (let back = 49; back >= 0; back--) positions.get(`room-${room - back}`);
    expect(positions.size).toBeLessThanOrEqual(100);
  }
});

test("a room's position is replaced in place", () => {
  const positions = createPositions(4);
  positions.set("a", 1);
  positions.set("a", 2);
  expect(positions.size).toBe(1);
  expect(positions.get("a")).toBe(2);
});

test("of a room that was in use long ago and is again, the last position counts", () => {
  const positions = createPositions(4);
  positions.set("a", 1);
  positions.set("b", 1);
  positions.set("a", 2);
  positions.set("c", 1);
  expect(positions.get("a")).toBe(2);
});
