import { expect, test } from "vitest";
import { chooseDeadLetters, type DeadLetterItem } from "./dead-letters.ts";
import { toPartitionLag } from "./group-lag.ts";
import { redriveDeadLetters } from "./redrive.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 12, minute));
const itemOf = (roomId: string, minute: number, more: Partial<DeadLetterItem> = {}): { item: DeadLetterItem } => ({
  item: {
    what: "event",
    state: "skipped",
    group: "push",
    roomId,
    seq: 1,
    type: "message_sent",
    attemptCount: 10,
    firstFailedAt: at(minute),
    lastFailedAt: at(minute + 5),
    error: "no",
    topic: "t",
    partition: 0,
    offset: 1n,
    ...more,
  },
});

test("dead letters are chosen by all that a filter says, the longest failing first", () => {
  const all = [itemOf("c", 3), itemOf("a", 1), itemOf("b", 2, { state: "parked", type: "room_frozen" })];
  const chosen = (filter: Parameters<typeof chooseDeadLetters>[1]) =>
    chooseDeadLetters(all, filter).map(({ item }) => item.roomId);
  expect(chosen({})).toEqual(["a", "b", "c"]);
  expect(chosen({ limit: 2 })).toEqual(["a", "b"]);
  expect(chosen({ roomIds: ["c", "b"] })).toEqual(["b", "c"]);
  expect(chosen({ type: "message_sent", since: at(7) })).toEqual(["c"]);
  expect(chosen({ state: "parked" })).toEqual(["b"]);
  expect(chosen({ state: "parked", type: "message_sent" })).toEqual([]);
});

test("a redrive of everything must be asked for in words", async () => {
  await expect(redriveDeadLetters({ brokers: ["localhost:1"], group: "push" })).rejects.toThrow(TypeError);
});

test("lag is what is not done; what retention took of it is told, and a group that committed nothing has all to do", () => {
  const held = { partition: 0, lowOffset: 10n, highOffset: 30n };
  expect(toPartitionLag(held, 25n, 1000, 3500)).toMatchObject({ eventCount: 5, lostCount: 0, seconds: 2.5 });
  expect(toPartitionLag(held, 30n, undefined, 3500)).toMatchObject({ eventCount: 0, seconds: 0 });
  expect(toPartitionLag(held, 4n, 1000, 3500)).toMatchObject({ eventCount: 26, lostCount: 6 });
  expect(toPartitionLag(held, undefined, undefined, 0)).toMatchObject({
    committed: undefined,
    eventCount: 20,
    lostCount: 0,
    seconds: undefined,
  });
});
