import { expect, test } from "vitest";
import { compareRoom, isEqual, percentile } from "./compare.ts";

const sent = {
  roomId: "r",
  title: "t",
  messages: [
    [2, "a"],
    [3, "b"],
  ] as [number, string][],
  refused: 0,
};
const created = { seq: 1, hash: "" };

test("a room whose events came once, in order and unchanged is equal", () => {
  const room = compareRoom(sent, [created, { seq: 2, hash: "a" }, { seq: 3, hash: "b" }]);
  expect(isEqual(room)).toBe(true);
});

test("events that came again are counted, and the room is equal all the same", () => {
  const room = compareRoom(sent, [
    created,
    { seq: 2, hash: "a" },
    created,
    { seq: 2, hash: "a" },
    { seq: 3, hash: "b" },
  ]);
  expect(room).toMatchObject({ received: 2, repeated: 2, outOfOrder: 0 });
  expect(isEqual(room)).toBe(true);
});

test("a missing, a disordered and a changed event are each seen", () => {
  expect(compareRoom(sent, [created, { seq: 3, hash: "b" }])).toMatchObject({ missing: 1, received: 1 });
  const changedRepeat = [created, { seq: 2, hash: "a" }, { seq: 2, hash: "x" }, { seq: 3, hash: "b" }];
  expect(compareRoom(sent, changedRepeat)).toMatchObject({ repeated: 1, changed: 1 });
  expect(compareRoom(sent, [created, { seq: 3, hash: "b" }, { seq: 2, hash: "a" }])).toMatchObject({ outOfOrder: 1 });
  expect(compareRoom(sent, [created, { seq: 2, hash: "x" }, { seq: 3, hash: "b" }])).toMatchObject({ changed: 1 });
});

test("a percentile of no values is 0", () => {
  expect(percentile([], 0.99)).toBe(0);
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(3);
});
