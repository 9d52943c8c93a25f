import { expect, test } from "vitest";
import { putMembers } from "./index-writes.ts";
import { openIndex } from "./open-index.ts";
import { sqlitePositions } from "./sqlite-positions.ts";

const step = (roomId: string, seq: number, group = "search") => ({ group, roomId, seq, previousSeq: undefined });

function openBoth() {
  const db = openIndex(":memory:");
  const members = () =>
    db
      .prepare("SELECT user_id FROM members ORDER BY user_id")
      .all()
      .map((row) => row.user_id);
  return { db, positions: sqlitePositions(db), members };
}

test("what a handler writes is stored with the position, once", async () => {
  const { positions, members } = openBoth();
  expect(await positions.load("search", "r")).toBeUndefined();
  const write = (userId: string) => async (tx: Parameters<typeof putMembers>[0]) => putMembers(tx, "r", [userId]);
  expect(await positions.process(step("r", 3), write("ann"))).toBe("processed");
  expect(await positions.process(step("r", 3), write("bob"))).toBe("repeat");
  expect(await positions.process(step("r", 2), write("bob"))).toBe("repeat");
  expect(members()).toEqual(["ann"]);
  expect(await positions.load("search", "r")).toBe(3);
  expect(await positions.process(step("r", 3, "another"), write("cid"))).toBe("processed");
});

test("when a handler throws, nothing of what it wrote is stored, nor the position, and the next one works", async () => {
  const { positions, members } = openBoth();
  const failing = positions.process(step("r", 1), async (tx) => {
    putMembers(tx, "r", ["ann"]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(members()).toEqual([]);
  expect(await positions.load("search", "r")).toBeUndefined();
  await positions.process(step("r", 1), async (tx) => putMembers(tx, "r", ["bob"]));
  expect(members()).toEqual(["bob"]);
});

test("handlers of several rooms take turns, so that one that fails takes nothing of another with it", async () => {
  const { positions, members } = openBoth();
  const slow = (userId: string, fails: boolean) => async (tx: Parameters<typeof putMembers>[0]) => {
    putMembers(tx, "r", [userId]);
    await new Promise(setImmediate);
    if (fails) throw new Error(userId);
  };
  const all = ["a", "b", "c", "d"].map((id, at) => positions.process(step(id, 1), slow(id, at % 2 === 0)));
  const outcomes = (await Promise.allSettled(all)).map(({ status }) => status);
  expect(outcomes).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(members()).toEqual(["b", "d"]);
});
