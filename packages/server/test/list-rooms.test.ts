import { create } from "@bufbuild/protobuf";
import { CreateRoomRequestSchema, ListRoomsRequestSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { createRoom } from "../src/domain/rooms/create.ts";
import { listRooms } from "../src/domain/rooms/list.ts";
import type { Store } from "../src/domain/store.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { call, service, startServer } from "./log-fixtures.ts";

const userId = "ann";
const rooms = 120;

/** A server, a user in many rooms, and how often the store was asked for what. */
async function openWorld() {
  const store = createMemoryStore();
  const asked = new Map<string, number>();
  const counting = new Proxy(store, {
    get: (target, name: keyof Store) => {
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return target[name];
    },
  });
  const server = startServer(counting);
  for (let n = 0; n < rooms; n++) {
    const request = { kind: "group", actor: service, members: [{ userId }], idempotencyKey: `k${n}` };
    await createRoom(server, call, create(CreateRoomRequestSchema, request));
  }
  asked.clear();
  const list = (limits = server.limits) =>
    listRooms({ ...server, limits }, create(ListRoomsRequestSchema, { userId, pageSize: 10 }));
  return { server, asked, list };
}

test("a list costs one query of the index, two batches for each 100 rooms and one query for each room", async () => {
  const { asked, list } = await openWorld();
  expect((await list()).rooms).toHaveLength(10);
  expect(Object.fromEntries(asked)).toEqual({
    listRoomIdsOf: 1,
    readMembersAt: 2,
    readRooms: 2,
    // The page's rooms have no message: each is looked through for one.
    readEntries: rooms + 10,
  });
});

test("the same list asked for many times at once is walked twice at most", async () => {
  const { asked, list } = await openWorld();
  const lists = await Promise.all(Array.from({ length: 8 }, () => list()));
  expect(asked.get("listRoomIdsOf")).toBe(2);
  for (const one of lists) expect(one).toEqual(lists[0]);
});

test("a list of more rooms than are looked at says that it is partial", async () => {
  const { server, list } = await openWorld();
  const first = await list({ ...server.limits, listRoomsMax: 100 });
  expect(first.partial).toBe(true);
  expect((await list({ ...server.limits, listRoomsMax: rooms })).partial).toBe(false);
});
