import { type Stack, scratchName, startStack, startTcpProxy } from "@maru/devstack";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { NodeDeaf } from "../../src/realtime/deliver.ts";
import { followersKey, nodeKey, sessionsKey } from "../../src/realtime/redis-keys.ts";
import { leaving, logged, textEntry } from "../store-fixtures.ts";
import { membersOf, startNode, withRedis } from "./nodes.ts";

let stack: Stack;
let redis: string;
beforeAll(async () => {
  stack = await startStack({ redis: true });
  redis = stack.redis?.nodes[0] ?? "";
});
afterAll(() => stack.close());

const start = (options?: Parameters<typeof startNode>[1]) => startNode([redis], options);

test("an entry is told to the nodes of connected members, with their names, and to those that follow the room", async () => {
  const room = scratchName("r");
  const [ann, ben, cleo] = [scratchName("ann"), scratchName("ben"), scratchName("cleo")];
  const roomMembers = membersOf({ [room]: [ann, ben, cleo] });
  await using one = await start({ roomMembers });
  await using two = await start({ roomMembers });
  await using three = await start({ roomMembers });
  await using four = await start({ roomMembers });
  await one.sessions.add(ann, 1);
  await one.sessions.add(ben, 1);
  await two.sessions.add(ben, 1);
  await three.followedRooms.add(room);
  await four.sessions.add(scratchName("dan"), 1);
  await four.publisher.publishEntries([textEntry(room, 2).entry, textEntry(room, 3).entry]);
  await four.publisher.publishEntries([textEntry(room, 4).entry]);
  await vi.waitFor(() => {
    expect(one.seen()).toEqual([2, 3, 4].map((seq) => `${seq} for ${ann} ${ben}`));
    expect(two.seen()).toEqual([2, 3, 4].map((seq) => `${seq} for ${ben}`));
    expect(three.seen()).toEqual(["2", "3", "4"]);
  });
  expect(four.seen()).toEqual([]);
  expect(await four.tails.readSeq(room)).toBe(4);
  await one.sessions.remove(ann);
  await three.followedRooms.remove(room);
  await four.publisher.publishEntries([textEntry(room, 5).entry]);
  await vi.waitFor(() => expect(one.seen().at(-1)).toBe(`5 for ${ben}`));
  expect(three.seen()).toHaveLength(3);
  expect([one, two, three, four].flatMap(({ interruptions }) => interruptions)).toEqual([]);
});

test("of a room with many members those hear who follow it, and whom an entry names", async () => {
  const room = scratchName("r");
  const [ann, ben] = [scratchName("ann"), scratchName("ben")];
  const options = { roomMembers: membersOf({ [room]: [ann, ben, "cleo"] }), maxListedMembers: 2 };
  await using one = await start(options);
  await using two = await start(options);
  await one.sessions.add(ann, 1);
  await one.sessions.add(ben, 1);
  await two.followedRooms.add(room);
  const members = [{ userId: ann }];
  const added = logged(room, 3, { stateSeq: 3, body: { case: "membersAdded", value: { members } } });
  for (const { entry } of [textEntry(room, 2), added]) await one.publisher.publishEntries([entry]);
  await vi.waitFor(() => expect(two.seen()).toEqual(["2", "3"]));
  await vi.waitFor(() => expect(one.seen()).toEqual([`3 for ${ann}`]));
});

test("who is removed hears of that and of nothing after it", async () => {
  const room = scratchName("r");
  const [ann, ben] = [scratchName("ann"), scratchName("ben")];
  await using node = await start({ roomMembers: membersOf({ [room]: [ann] }) });
  await node.sessions.add(ben, 1);
  const entries = [textEntry(room, 2), leaving(room, 3, ben), textEntry(room, 4)].map(({ entry }) => entry);
  await node.publisher.publishEntries(entries);
  expect(await node.tails.readSeq(room)).toBe(4);
  await vi.waitFor(() => expect(node.seen()).toEqual([`2 for ${ben}`, `3 for ${ben}`]));
});

test("a node learns that Redis was emptied, is registered again, and is told from when on it may have missed something", async () => {
  const [room, ann] = [scratchName("r"), scratchName("ann")];
  await using node = await start();
  await Promise.all([node.sessions.add(ann, 5), node.followedRooms.add(room)]);
  const emptiedAtMs = Date.now();
  await withRedis(redis, (one) => one.flushall());
  await vi.waitFor(() => expect(node.interruptions).toHaveLength(1), { timeout: 10_000 });
  expect(node.interruptions[0]).toBeLessThanOrEqual(emptiedAtMs);
  expect(await node.sessions.read([ann, "nobody"])).toEqual([
    { userId: ann, sinceMs: 5 },
    { userId: "nobody", sinceMs: undefined },
  ]);
  expect(await withRedis(redis, (one) => one.hkeys(followersKey(room)))).toEqual([node.nodeId]);
  expect(node.trouble).toBeUndefined();
});

test("a node whose connection is cut hears again, and is told from when on it may have missed something", async () => {
  const room = scratchName("r");
  await using node = await start();
  await node.followedRooms.add(room);
  const cutAtMs = Date.now();
  await withRedis(redis, (one) => one.call("CLIENT", "KILL", "TYPE", "pubsub"));
  await vi.waitFor(() => expect(node.interruptions).toHaveLength(1), { timeout: 10_000 });
  expect(node.interruptions[0]).toBeLessThanOrEqual(cutAtMs);
  await node.publisher.publishEntries([textEntry(room, 2).entry]);
  await vi.waitFor(() => expect(node.seen()).toEqual(["2"]));
});

test("a connection that has become silent is found by its own probes", async () => {
  const room = scratchName("r");
  const subscribers = new Set<number>();
  let silent = false;
  await using proxy = await startTcpProxy({
    target: redis,
    onChunk(chunk, { from, connection }) {
      if (from === "client" && chunk.includes("ssubscribe")) subscribers.add(connection);
      return silent && from === "upstream" && subscribers.has(connection) ? Buffer.alloc(0) : chunk;
    },
  });
  await using node = await start({ natMap: { [redis]: { host: "127.0.0.1", port: proxy.port } } });
  expect(subscribers.size).toBeGreaterThan(0);
  await node.followedRooms.add(room);
  const silentAtMs = Date.now();
  silent = true;
  await node.publisher.publishEntries([textEntry(room, 2).entry]);
  await vi.waitFor(() => expect(node.trouble).toMatch(/probes were not heard/), { timeout: 10_000, interval: 5 });
  silent = false;
  await vi.waitFor(() => expect(node.interruptions).toHaveLength(1), { timeout: 10_000 });
  expect(node.interruptions[0]).toBeLessThanOrEqual(silentAtMs + 1);
  expect(node.seen()).toEqual([]);
  await node.publisher.publishEntries([textEntry(room, 3).entry]);
  await vi.waitFor(() => expect(node.seen()).toEqual(["3"]));
});

test("an entry is not published while a node that lives does not hear it, and without that node once it is gone", async () => {
  const [room, ann] = [scratchName("r"), scratchName("ann")];
  await using node = await start({ roomMembers: membersOf({ [room]: [ann] }) });
  await node.followedRooms.add(room);
  const deaf = scratchName("deaf");
  const good = `${Date.now() + 60_000} 1`;
  await withRedis(redis, async (one) => {
    await one.hset(followersKey(room), deaf, good);
    await one.hset(sessionsKey(ann), deaf, good);
    await one.set(nodeKey(deaf), "1");
  });
  const { entry } = textEntry(room, 2);
  await expect(node.publisher.publishEntries([entry])).rejects.toThrow(NodeDeaf);
  expect(await node.tails.readSeq(room)).toBeUndefined();
  await withRedis(redis, (one) => one.del(nodeKey(deaf)));
  await node.publisher.publishEntries([entry]);
  expect(await node.tails.readSeq(room)).toBe(2);
  expect(await withRedis(redis, (one) => one.hkeys(followersKey(room)))).toEqual([node.nodeId]);
  expect(await withRedis(redis, (one) => one.hkeys(sessionsKey(ann)))).toEqual([]);
  await vi.waitFor(() => expect(node.seen()).toEqual(["2", "2"]));
});

test("a node that closes takes back what it had registered", async () => {
  const [room, ann] = [scratchName("r"), scratchName("ann")];
  const node = await start();
  await Promise.all([node.sessions.add(ann, 5), node.followedRooms.add(room)]);
  await node[Symbol.asyncDispose]();
  const left = await withRedis(redis, (one) => one.exists(followersKey(room)));
  expect([
    left,
    await withRedis(redis, (one) => one.exists(sessionsKey(ann), nodeKey(node.nodeId)).catch(() => 0)),
  ]).toEqual([0, 0]);
});

test("read markers are told to those who follow the room and to the reader's other devices, typing to those who are named", async () => {
  const [room, ann, ben] = [scratchName("r"), scratchName("ann"), scratchName("ben")];
  await using one = await start();
  await using two = await start();
  await one.followedRooms.add(room);
  await two.sessions.add(ann, 1);
  await two.sessions.add(ben, 1);
  one.publisher.publishReadMarker({ $typeName: "maru.chat.v1.ReadMarker", roomId: room, userId: ann, readSeq: 3 });
  await vi.waitFor(() => expect([one.seen(), two.seen()]).toEqual([["readMarker"], [`readMarker for ${ann}`]]));
  one.publisher.publishTyping(
    { $typeName: "maru.realtime.v1.UserTyping", roomId: room, userId: ann, stopped: false, shownMs: 5_000 },
    [ben],
  );
  await vi.waitFor(() => expect(two.seen()[1]).toBe(`typing for ${ben}`));
  await vi.waitFor(() => expect(one.seen()[1]).toBe("typing"));
});
