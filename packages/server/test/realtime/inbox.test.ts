import { create } from "@bufbuild/protobuf";
import { flushRedis, type Stack, startStack } from "@maru/devstack";
import { type Entry, HideRoomRequestSchema, ListRoomsRequestSchema } from "@maru/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Domain } from "../../src/domain/domain.ts";
import { hideRoom } from "../../src/domain/rooms/hide.ts";
import { listRooms } from "../../src/domain/rooms/list.ts";
import type { Store } from "../../src/domain/store.ts";
import { publishIfMissing } from "../../src/gateway/republish.ts";
import { createInboxes, type Inboxes } from "../../src/realtime/inboxes.ts";
import { createPublisher } from "../../src/realtime/publisher.ts";
import { openRedis, type RedisConnection } from "../../src/realtime/redis-connection.ts";
import { createRoomMembers } from "../../src/realtime/room-members.ts";
import { storedMemberIds } from "../../src/realtime/stored-member-ids.ts";
import { createTails, type KeptTails } from "../../src/realtime/tails.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { add, call, makeRoom, remove, send, startServer, user } from "../log-fixtures.ts";
import { silentLog } from "./nodes.ts";

let stack: Stack;
let redis: RedisConnection;
let tails: KeptTails;
let inboxes: Inboxes;
const maxListedMembers = 3;

beforeAll(async () => {
  stack = await startStack({ redis: true });
  redis = openRedis({ nodes: stack.redis?.nodes ?? [], timeoutMs: 2_000, log: silentLog });
  await redis.whenReady();
  tails = createTails(redis);
  inboxes = createInboxes({ redis, tails, maxListedMembers, maxRooms: 1_000, log: silentLog });
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  await stack?.close();
});

let worlds = 0;
const names = ["ann", "ben", "cat", "dan", "eve"];

/** A server over a table of its own, and what a publisher does with what it stores. */
function openWorld() {
  const world = `w${++worlds}`;
  const store = createMemoryStore();
  const stored: Entry[] = [];
  const all: Entry[] = [];
  let nowMs = 1_000_000;
  const clock = { nowMs: () => ++nowMs };
  const cold = startServer(store, { clock, onStored: (entry) => all.push(entry) && stored.push(entry) });
  const warm: Domain = { ...cold, inbox: inboxes };
  const users = names.map((name) => `${world}-${name}`);
  const roomMembers = createRoomMembers(storedMemberIds(store));
  const publisher = createPublisher({ redis, roomMembers, maxListedMembers, tails, inboxes, clock, log: silentLog });
  const publish = (entry: Entry) => publisher.publishEntries([entry]);
  /** What the server still has, and then what the topic brings. */
  const publishRest = async () => {
    for (const entry of stored.splice(0)) await publish(entry);
    for (const entry of all.splice(0)) await publishIfMissing({ publisher, tails }, entry);
  };
  return { cold, warm, users, stored, publish, publishRest };
}

async function pages(domain: Domain, userId: string, includeHidden: boolean): Promise<string[]> {
  const told: string[] = [];
  for (let pageToken = ""; ; ) {
    const request = create(ListRoomsRequestSchema, { userId, pageSize: 2, includeHidden, pageToken });
    const page = await listRooms(domain, request);
    told.push(
      page.rooms.map(({ room, unread }) => `${room?.roomId} ${room?.lastSeq} ${unread?.unreadCount}`).join(", "),
    );
    if (page.nextPageToken === "") return told;
    pageToken = page.nextPageToken;
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("create" as const), by: fc.nat(4), also: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), room: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("add" as const), room: fc.nat(20), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), room: fc.nat(20), who: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("hide" as const), room: fc.nat(20), who: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("list" as const), who: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("publish" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const) }) },
);

it("a list from the inbox is the list that a walk gives, page by page, whatever has happened to Redis before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { cold, warm, users, stored, publish, publishRest } = openWorld();
      const who = (index: number) => users[index] ?? "";
      const rooms: string[] = [];
      const room = (index: number) => rooms[index % rooms.length];
      for (const one of steps) {
        if (one.do === "create") {
          const made = await makeRoom(cold);
          rooms.push(made.room.roomId);
          await add(cold, made.room.roomId, [...new Set([who(one.by), who(one.also)])]);
        } else if (one.do === "list") await pages(warm, who(one.who), false);
        else if (one.do === "flush") await flushRedis(stack.redis?.nodes ?? []);
        // The server drops it: too much waits, or it dies.
        else if (one.do === "lose") stored.pop();
        else if (one.do === "publish") {
          // Not in the order in which they were stored: several servers publish.
          const entry = stored.splice(stored.length >> 1, 1)[0];
          if (entry !== undefined) await publish(entry);
        } else {
          const roomId = room(one.room);
          if (roomId === undefined) continue;
          // Whoever is no member cannot be removed, and so on.
          if (one.do === "send") await send(cold, roomId);
          else if (one.do === "add") await add(cold, roomId, [who(one.who)]).catch(() => undefined);
          else if (one.do === "remove") await remove(cold, roomId, who(one.who)).catch(() => undefined);
          else await hide(cold, roomId, who(one.who)).catch(() => undefined);
        }
      }
      await publishRest();
      for (const userId of users) {
        for (const includeHidden of [false, true]) {
          const expected = await pages(cold, userId, includeHidden);
          // Once from what there is by now, and once more from what that has built.
          expect(await pages(warm, userId, includeHidden)).toEqual(expected);
          expect(await pages(warm, userId, includeHidden)).toEqual(expected);
        }
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);

it("what is published while an inbox is built is in it", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  const first = await makeRoom(cold);
  const second = await makeRoom(cold);
  for (const { room } of [first, second]) await add(cold, room.roomId, [ann]);
  const build = await inboxes.begin(ann);
  const read = [first, second].map(({ room }) => ({ roomId: room.roomId, lastEntryAtMs: 1, memberCount: 1 }));
  await send(cold, first.room.roomId);
  await publishRest();
  await build?.complete(read);
  expect(await pages(warm, ann, false)).toEqual(await pages(cold, ann, false));
});

it.each(["another builder", "a flush"])("what was read before %s makes no inbox complete", async (what) => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  const early = await inboxes.begin(ann);
  await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
  await publishRest();
  if (what === "a flush") await flushRedis(stack.redis?.nodes ?? []);
  else await inboxes.begin(ann);
  await early?.complete([]);
  expect(await inboxes.read(ann, undefined, 10)).toBeUndefined();
  expect(await pages(warm, ann, false)).toEqual(await pages(cold, ann, false));
});

it("a room that the table's index does not know yet is in a list that is built then", async () => {
  const { cold, users, publishRest } = openWorld();
  const [ann = ""] = users;
  const { room } = await makeRoom(cold);
  await add(cold, room.roomId, [ann]);
  await publishRest();
  await (await inboxes.begin(ann))?.complete([]);
  expect(await inboxes.read(ann, undefined, 10)).toMatchObject([{ roomId: room.roomId }]);
});

it("a room that has grown too large to be raised at each entry still moves up, and who joins it then has it", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = "", ben = "", cat = "", dan = "", eve = ""] = users;
  const { room } = await makeRoom(cold);
  await add(cold, room.roomId, [ann, ben, cat]);
  await add(cold, (await makeRoom(cold)).room.roomId, [ann, dan, eve]);
  await publishRest();
  for (const userId of users) await pages(warm, userId, false);
  await add(cold, room.roomId, [dan]);
  await publishRest();
  await add(cold, room.roomId, [eve]);
  await publishRest();
  await add(cold, (await makeRoom(cold)).room.roomId, [ann, dan, eve]);
  await publishRest();
  await send(cold, room.roomId);
  await publishRest();
  for (const userId of users) expect(await pages(warm, userId, false)).toEqual(await pages(cold, userId, false));
});

it("who is added to a large room has it, although the server that added them died before it said so", async () => {
  const { cold, warm, users, stored, publishRest } = openWorld();
  const [ann = "", ...others] = users;
  const { room } = await makeRoom(cold);
  await add(cold, room.roomId, others);
  await publishRest();
  await pages(warm, ann, false);
  await add(cold, room.roomId, [ann]);
  stored.pop();
  await send(cold, room.roomId);
  await publishRest();
  expect(await pages(warm, ann, false)).toEqual(await pages(cold, ann, false));
});

it("a room that is joined again, while a list finds that it had been left, stays in the inbox", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  const { room } = await makeRoom(cold);
  await add(cold, room.roomId, [ann]);
  await publishRest();
  await pages(warm, ann, false);
  await remove(cold, room.roomId, ann);
  const seen = (await inboxes.read(ann, undefined, 10)) ?? [];
  expect(seen).toHaveLength(1);
  await add(cold, room.roomId, [ann]);
  await publishRest();
  await inboxes.remove(ann, seen);
  expect(await pages(warm, ann, false)).toEqual(await pages(cold, ann, false));
});

it.each(["inbox", "inbox-state", "inbox-large"])(
  "an inbox of which Redis has thrown out %s is no inbox",
  async (kind) => {
    const { cold, warm, users, publishRest } = openWorld();
    const [ann = "", ...others] = users;
    await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
    await add(cold, (await makeRoom(cold)).room.roomId, [ann, ...others]);
    await publishRest();
    await pages(warm, ann, false);
    expect(await inboxes.read(ann, undefined, 10)).toHaveLength(2);
    await redis.run((cluster) => cluster.del(`${kind}:{${ann}}`));
    expect(await inboxes.read(ann, undefined, 10)).toBeUndefined();
  },
);

it("nothing of an inbox is kept for ever, whatever is raised and removed in between", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  await pages(warm, ann, false);
  await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
  await publishRest();
  await inboxes.remove(ann, (await inboxes.read(ann, undefined, 10)) ?? []);
  await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
  await publishRest();
  for (const kind of ["inbox", "inbox-state", "inbox-large"])
    expect(await redis.run((cluster) => cluster.pttl(`${kind}:{${ann}}`))).not.toBe(-1);
});

it("a list that names kinds builds an inbox as well", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
  await publishRest();
  const list = (domain: Domain, kinds: string[]) =>
    listRooms(domain, create(ListRoomsRequestSchema, { userId: ann, kinds }));
  expect((await list(warm, ["other"])).rooms).toEqual([]);
  expect(await inboxes.read(ann, undefined, 10)).toHaveLength(1);
  for (const kind of ["other", "group"])
    expect((await list(warm, [kind])).rooms).toEqual((await list(cold, [kind])).rooms);
});

it("a list of many rooms costs what its page costs, once there is an inbox", async () => {
  const { cold, warm, users, publishRest } = openWorld();
  const [ann = ""] = users;
  for (let n = 0; n < 60; n++) await add(cold, (await makeRoom(cold)).room.roomId, [ann]);
  await publishRest();
  await pages(warm, ann, false);
  const asked = new Map<string, number>();
  const store = new Proxy(cold.store, {
    get: (target, name: keyof Store) => {
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return target[name];
    },
  });
  const request = create(ListRoomsRequestSchema, { userId: ann, pageSize: 10 });
  expect((await listRooms({ ...warm, store }, request)).rooms).toHaveLength(10);
  expect(asked.get("listRoomIdsOf")).toBeUndefined();
  expect([...asked.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(30);
});

function hide(domain: Domain, roomId: string, userId: string) {
  return hideRoom(domain, call, create(HideRoomRequestSchema, { roomId, actor: user(userId) }));
}
