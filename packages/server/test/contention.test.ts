import { type Stack, startStack } from "@maru/devstack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sendThroughAKill } from "../../../bench/src/contention/kill-run.ts";
import { messageKey } from "../../../bench/src/contention/message-key.ts";
import { readLogs } from "../../../bench/src/contention/read-logs.ts";
import { createRoom } from "../../../bench/src/contention/rooms.ts";
import { type ApiServers, startApiServers } from "../../../bench/src/contention/servers.ts";

// An engine of its own: thousands of messages in the shared one would slow down all other tests.
let stack: Stack;
let world: ApiServers;
beforeAll(async () => {
  stack = await startStack({ dynamodb: { storage: "memory" } });
  world = await startApiServers(stack.dynamodb?.endpoint ?? "", 2);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await stack?.close();
});

const kept = {
  failures: [],
  holes: 0,
  missing: 0,
  doubled: 0,
  unacknowledged: 0,
  answersThatDiffer: 0,
  repeatsThatDiffer: 0,
  reusesNotRefused: 0,
  roomsThatDiffer: 0,
};

for (const { rooms, sends, where } of [
  { rooms: 1, sends: 5_000, where: "one room" },
  { rooms: 64, sends: 2_500, where: "64 rooms" },
]) {
  const title = `${sends} sends of 32 writers to ${where} over two servers, one killed and restarted, keep every promise`;
  test(title, { timeout: 400_000 }, async () => {
    const findings = await sendThroughAKill(world, { rooms, writers: 32, sends });
    expect(findings).toEqual({ ...kept, sent: sends, entries: sends + rooms });
  });
}

test("a room whose creation is tried again on the other server, later or at once, is one room", async () => {
  const [first, second] = world.servers.map((server) => world.connect({ servers: [server] }));
  if (first === undefined || second === undefined) throw new Error("two servers are needed");
  const [later, atOnce] = [messageKey(), messageKey()];
  const roomId = await createRoom(first, ["ann"], later);
  expect(await createRoom(second, ["ann"], later)).toBe(roomId);
  const both = await Promise.all([first, second].map((maru) => createRoom(maru, ["ann"], atOnce)));
  expect(new Set(both).size).toBe(1);
  expect(both).not.toContain(roomId);
  for (const [id, log] of await readLogs(second, [roomId, ...both])) {
    expect(log.map(({ roomId, seq, type }) => [roomId, seq, type])).toEqual([[id, 1, "room_created"]]);
  }
});
