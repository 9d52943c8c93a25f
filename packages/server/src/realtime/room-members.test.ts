import { expect, test } from "vitest";
import { createRoomMembers } from "./room-members.ts";

test("members are read again only when an entry says that the room's state has changed", async () => {
  const rooms = new Map([["r", ["ann", "ben"]]]);
  let reads = 0;
  const members = createRoomMembers(async (roomId, limit) => {
    reads++;
    return (rooms.get(roomId) ?? []).slice(0, limit);
  });
  const at = (stateSeq: number) => members.userIdsOf("r", stateSeq, 2);
  expect([await at(1), await at(1), reads]).toEqual([["ann", "ben"], ["ann", "ben"], 1]);
  rooms.set("r", ["ann"]);
  expect([await at(4), await at(4), reads]).toEqual([["ann"], ["ann"], 2]);
  // A late publisher: later members are good for it.
  expect([await at(1), reads]).toEqual([["ann"], 2]);
  rooms.set("r", ["ann", "ben", "cleo"]);
  expect([await at(9), await at(9), reads]).toEqual([undefined, undefined, 3]);
});

test("who asks for more members than were read before is given them, and who asks for fewer is not", async () => {
  let reads = 0;
  const members = createRoomMembers(async (_roomId, limit) => {
    reads++;
    return ["ann", "ben", "cleo"].slice(0, limit);
  });
  expect(await members.userIdsOf("r", 5, 2)).toBeUndefined();
  expect(await members.userIdsOf("r", 5, 3)).toEqual(["ann", "ben", "cleo"]);
  expect(await members.userIdsOf("r", 5, 2)).toBeUndefined();
  expect(reads).toBe(2);
});

test("a read that began earlier does not take the place of a later one", async () => {
  const answers: ((ids: string[]) => void)[] = [];
  const members = createRoomMembers(() => new Promise((resolve) => answers.push(resolve)));
  const early = members.userIdsOf("r", 1, 2);
  const late = members.userIdsOf("r", 5, 2);
  answers[1]?.(["ann", "ben"]);
  await late;
  answers[0]?.(["ann"]);
  expect(await early).toEqual(["ann"]);
  expect(await members.userIdsOf("r", 5, 2)).toEqual(["ann", "ben"]);
});
