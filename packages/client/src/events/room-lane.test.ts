import { expect, test } from "vitest";
import { type LaneAction, type LaneInput, type LaneState, laneTable, placeInRoom } from "./room-lane.ts";

type Cell = [LaneState, LaneInput, LaneState, LaneAction, string];

const cells: Cell[] = [
  ["following", "next", "handling", "handle", "the next event is handled"],
  ["following", "repeat", "following", "drop", "a repeat is dropped"],
  ["following", "later", "handling", "tellGap", "a hole is told before the event is handled"],
  ["following", "handled", "following", "impossible", "nothing can end that did not begin"],
  ["following", "failed", "following", "impossible", "nothing can fail that did not begin"],
  ["following", "exhausted", "following", "impossible", "nothing can fail for good that did not begin"],
  ["following", "backoffOver", "following", "impossible", "no wait can end that did not begin"],
  ["following", "stop", "stopped", "leave", "an idle room stops"],
  ["handling", "next", "handling", "wait", "the next event waits for the handler"],
  ["handling", "repeat", "handling", "wait", "a repeat waits until its place is known"],
  ["handling", "later", "handling", "wait", "a later event may be next when its turn comes"],
  ["handling", "handled", "following", "finish", "a handled event is done"],
  ["handling", "failed", "backoff", "retryLater", "a failed event comes again after a while"],
  ["handling", "exhausted", "stopped", "fail", "an event that failed for good stops the consumer"],
  ["handling", "backoffOver", "handling", "impossible", "a wait has ended already"],
  ["handling", "stop", "stopped", "leave", "a running handler may end"],
  ["backoff", "next", "backoff", "wait", "the next event waits for the retry"],
  ["backoff", "repeat", "backoff", "wait", "a repeat waits for the retry"],
  ["backoff", "later", "backoff", "wait", "a later event waits for the retry"],
  ["backoff", "handled", "backoff", "impossible", "no handler runs"],
  ["backoff", "failed", "backoff", "impossible", "no handler runs that could fail"],
  ["backoff", "exhausted", "backoff", "impossible", "no handler runs that could fail for good"],
  ["backoff", "backoffOver", "handling", "handle", "after the wait the event is handed over again"],
  ["backoff", "stop", "stopped", "leave", "the retry is given up"],
  ["stopped", "next", "stopped", "leave", "the next event comes in the next assignment"],
  ["stopped", "repeat", "stopped", "leave", "a repeat stays undone"],
  ["stopped", "later", "stopped", "leave", "a later event stays undone"],
  ["stopped", "handled", "stopped", "finish", "what ended after stopping is done all the same"],
  ["stopped", "failed", "stopped", "leave", "what failed after stopping stays undone"],
  ["stopped", "exhausted", "stopped", "leave", "what failed for good after stopping stays undone"],
  ["stopped", "backoffOver", "stopped", "leave", "no retry begins after stopping"],
  ["stopped", "stop", "stopped", "leave", "stopping twice is stopping once"],
];

test.each(cells)("%s, %s: %s, %s (%s)", (state, input, to, act) => {
  expect(laneTable[state][input]).toEqual({ to, act });
});

test("every cell of the table has its test", () => {
  const inTable = Object.entries(laneTable).flatMap(([state, row]) =>
    Object.keys(row).map((input) => `${state} ${input}`),
  );
  expect(cells.map(([state, input]) => `${state} ${input}`).sort()).toEqual(inTable.sort());
});

test("an event is next, a repeat or later by the room's position", () => {
  expect(placeInRoom(undefined, 41)).toBe("next");
  expect(placeInRoom(41, 42)).toBe("next");
  expect(placeInRoom(41, 41)).toBe("repeat");
  expect(placeInRoom(41, 7)).toBe("repeat");
  expect(placeInRoom(41, 43)).toBe("later");
});
