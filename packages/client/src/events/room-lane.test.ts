import { expect, test } from "vitest";
import { type LaneInput, type LaneState, laneTable, placeInRoom } from "./room-lane.ts";

/** Every cell, written out: the state after it, and what is done. */
const cells: Record<LaneState, Record<LaneInput, `${LaneState} ${string}`>> = {
  following: {
    next: "handling handle",
    repeat: "following drop",
    later: "healing heal",
    unplaced: "placing place",
    placed: "following impossible",
    healed: "following impossible",
    unfillable: "following impossible",
    handled: "following impossible",
    failed: "following impossible",
    exhausted: "following impossible",
    backoffOver: "following impossible",
    stop: "stopped leave",
  },
  placing: {
    next: "placing wait",
    repeat: "placing wait",
    later: "placing wait",
    unplaced: "placing wait",
    placed: "following goOn",
    healed: "placing impossible",
    unfillable: "placing impossible",
    handled: "placing impossible",
    failed: "placing impossible",
    exhausted: "placing impossible",
    backoffOver: "placing impossible",
    stop: "stopped leave",
  },
  healing: {
    next: "healing wait",
    repeat: "healing wait",
    later: "healing wait",
    unplaced: "healing wait",
    placed: "healing impossible",
    healed: "following goOn",
    unfillable: "following goOn",
    handled: "healing impossible",
    failed: "healing impossible",
    exhausted: "healing impossible",
    backoffOver: "healing impossible",
    stop: "stopped leave",
  },
  handling: {
    next: "handling wait",
    repeat: "handling wait",
    later: "handling wait",
    unplaced: "handling wait",
    placed: "handling impossible",
    healed: "handling impossible",
    unfillable: "handling impossible",
    handled: "following finish",
    failed: "backoff retryLater",
    exhausted: "stopped fail",
    backoffOver: "handling impossible",
    stop: "stopped leave",
  },
  backoff: {
    next: "backoff wait",
    repeat: "backoff wait",
    later: "backoff wait",
    unplaced: "backoff wait",
    placed: "backoff impossible",
    healed: "backoff impossible",
    unfillable: "backoff impossible",
    handled: "backoff impossible",
    failed: "backoff impossible",
    exhausted: "backoff impossible",
    backoffOver: "handling handle",
    stop: "stopped leave",
  },
  stopped: {
    next: "stopped leave",
    repeat: "stopped leave",
    later: "stopped leave",
    unplaced: "stopped leave",
    placed: "stopped leave",
    healed: "stopped leave",
    unfillable: "stopped leave",
    handled: "stopped finish",
    failed: "stopped leave",
    exhausted: "stopped leave",
    backoffOver: "stopped leave",
    stop: "stopped leave",
  },
};

const list = Object.entries(cells).flatMap(([state, row]) =>
  Object.entries(row).map(([input, move]) => [state as LaneState, input as LaneInput, move] as const),
);

test.each(list)("%s, %s: %s", (state, input, move) => {
  const { to, act } = laneTable[state][input];
  expect(`${to} ${act}`).toBe(move);
});

test("every cell of the table has its test", () => {
  const inTable = Object.entries(laneTable).flatMap(([state, row]) =>
    Object.keys(row).map((input) => `${state} ${input}`),
  );
  expect(list.map(([state, input]) => `${state} ${input}`).sort()).toEqual(inTable.sort());
});

test("an event is next, a repeat or later by the room's position", () => {
  expect(placeInRoom(undefined, 41)).toBe("next");
  expect(placeInRoom(41, 42)).toBe("next");
  expect(placeInRoom(41, 41)).toBe("repeat");
  expect(placeInRoom(41, 7)).toBe("repeat");
  expect(placeInRoom(41, 43)).toBe("later");
});
