import type { Room } from "@maru/protocol";
import { expect, test } from "vitest";
import { createFindRoomKinds } from "./kinds-of-rooms.ts";

test("each room is read once; one that is not there is looked for again", async () => {
  const read: string[][] = [];
  const rooms = new Map([
    ["a", "group"],
    ["b", "direct"],
  ]);
  const findKinds = createFindRoomKinds({
    async readRooms(roomIds) {
      read.push([...roomIds]);
      return new Map(roomIds.flatMap((id) => (rooms.has(id) ? [[id, { kind: rooms.get(id) } as Room]] : [])));
    },
  });
  expect(await findKinds(["a", "c", "a"])).toEqual(new Map([["a", "group"]]));
  expect(await findKinds(["a", "b"])).toEqual(
    new Map([
      ["a", "group"],
      ["b", "direct"],
    ]),
  );
  rooms.set("c", "group");
  expect(await findKinds(["a", "b", "c"])).toHaveProperty("size", 3);
  expect(await findKinds(["a", "b", "c"])).toHaveProperty("size", 3);
  expect(read).toEqual([["a", "c"], ["b"], ["c"]]);
});
