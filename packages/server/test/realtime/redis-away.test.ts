import { scratchName, startStack } from "@maru/devstack";
import { ErrorReason } from "@maru/protocol";
import { expect, test, vi } from "vitest";
import { RedisAway } from "../../src/realtime/redis-away.ts";
import { textEntry } from "../store-fixtures.ts";
import { startNode } from "./nodes.ts";

test("a node starts while Redis is away, says so, and catches up once Redis is there; and again when it has gone", async () => {
  await using stack = await startStack({ redis: true });
  const server = stack.redis?.node(1);
  const room = scratchName("r");
  await server?.kill();
  await using node = await startNode(stack.redis?.nodes ?? [], { timeoutMs: 200 });
  expect(node.trouble).toMatch(/comes late since/);
  await expect(node.followedRooms.add(room)).rejects.toThrow(RedisAway);
  await expect(node.sessions.read(["ann"])).rejects.toMatchObject({ reason: ErrorReason.REALTIME_UNAVAILABLE });
  await expect(node.publisher.publishEntries([textEntry(room, 2).entry])).rejects.toThrow(RedisAway);
  await expect(node.tails.readSeq(room)).rejects.toThrow(RedisAway);
  const heard = async (count: number, seq: number) => {
    await server?.start();
    await vi.waitFor(() => expect(node.interruptions).toHaveLength(count), { timeout: 20_000 });
    expect(node.trouble).toBeUndefined();
    await node.publisher.publishEntries([textEntry(room, seq).entry]);
    await vi.waitFor(() => expect(node.seen().at(-1)).toBe(`${seq}`));
  };
  await heard(1, 2);
  const goneAtMs = Date.now();
  await server?.kill();
  await vi.waitFor(() => expect(node.trouble).toMatch(/comes late since/), { timeout: 10_000 });
  await heard(2, 3);
  expect(node.interruptions[1]).toBeLessThanOrEqual(goneAtMs);
});
