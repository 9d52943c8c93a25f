import { ErrorReason } from "@maru/protocol";
import { expect, test } from "vitest";
import { textEntry } from "../../test/store-fixtures.ts";
import { toItem } from "./items.ts";
import { cancelledOutcome } from "./put-entry-with-state.ts";

const cause = new Error("cancelled");
const none = { Code: "None" };
const conflict = { Code: "TransactionConflict" };
const Item = toItem(textEntry("r", 2));

test("a failed condition on the entry names the winner, whatever else is among the reasons", () => {
  const taken = { Code: "ConditionalCheckFailed", Item };
  const winner = { kind: "taken", winner: { entry: { roomId: "r", seq: 2 } } };
  expect(cancelledOutcome([taken, none], [Item], cause)).toMatchObject(winner);
  expect(cancelledOutcome([taken, conflict], [Item], cause)).toMatchObject(winner);
});

test("a failed condition on the room is a loss without a winner", () => {
  const taken = { kind: "taken", winner: undefined };
  const meta = { Code: "ConditionalCheckFailed", Item: { room_id: { S: "r" }, sk: { S: "meta" } } };
  expect(cancelledOutcome([none, meta], [Item], cause)).toEqual(taken);
  expect(cancelledOutcome([conflict, meta], [Item], cause)).toEqual(taken);
});

test("a conflict alone decides nothing, and neither does one beside throttling", () => {
  expect(cancelledOutcome([none, conflict], [Item], cause)).toEqual({ kind: "conflict" });
  expect(cancelledOutcome([conflict, { Code: "ThrottlingError" }], [Item], cause)).toEqual({ kind: "conflict" });
});

test("throttling is a table that is unavailable", () => {
  const unavailable = expect.objectContaining({ reason: ErrorReason.STORE_UNAVAILABLE, cause });
  expect(() => cancelledOutcome([none, { Code: "ProvisionedThroughputExceeded" }], [Item], cause)).toThrow(unavailable);
  expect(() => cancelledOutcome([], [Item], cause)).toThrow(unavailable);
});

test("an item that is too large is told apart from other faults of a request", () => {
  const invalid = (Message: string) => () => cancelledOutcome([{ Code: "ValidationError", Message }], [Item], cause);
  const tooLarge = expect.objectContaining({ reason: ErrorReason.CONTENT_TOO_LARGE });
  expect(invalid("Item size to update has exceeded the maximum allowed size")).toThrow(tooLarge);
  expect(invalid("The provided expression refers to an attribute that does not exist")).toThrow(cause);
});
