import { expect, test } from "vitest";
import type { Change } from "../src/domain/change.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { creation, textEntry } from "./store-fixtures.ts";

test("the store in memory tells each entry and read position once, in order, before the operation ends", async () => {
  const changes: Change[] = [];
  const store = createMemoryStore({ onChange: (change) => changes.push(change), nowMs: () => 77 });
  const { entry, change } = creation("r", ["ann"]);
  await store.putEntryWithState(entry, change);
  await Promise.all([store.putEntry(textEntry("r", 2)), store.putEntry(textEntry("r", 2))]);
  await store.markRead("r", "ann", 2);
  await store.markRead("r", "ann", 1);
  await store.deleteEntries("r", [2]);
  expect(changes).toMatchObject([
    { kind: "entry", entry: { entry: { roomId: "r", seq: 1, type: "room_created" } }, committedAtMs: 77 },
    { kind: "entry", entry: { entry: { roomId: "r", seq: 2 } }, committedAtMs: 77 },
    { kind: "read_marker", roomId: "r", userId: "ann", readSeq: 2 },
  ]);
});

test("an entry that the store in memory hands out cannot be changed", async () => {
  const store = createMemoryStore();
  await store.putEntry(textEntry("r", 1));
  const found = await store.readEntry("r", 1);
  expect(() => Object.assign(found?.entry ?? {}, { caller: "somebody else" })).toThrow(TypeError);
});
