import { scratchName, startStack } from "@maru/devstack";
import { expect, test, vi } from "vitest";
import { nodeKey } from "../../src/realtime/redis-keys.ts";
import { textEntry } from "../store-fixtures.ts";
import { startNode, withRedis } from "./nodes.ts";

test("the master that holds a node's channel dies: its replica takes over, the node is told what it may have missed, and hears again", async () => {
  await using stack = await startStack({ redis: { masters: 3, replicas: 1 } });
  const nodes = stack.redis?.nodes ?? [];
  await using hearing = await startNode(nodes);
  await using telling = await startNode(nodes);
  const room = scratchName("r");
  await hearing.followedRooms.add(room);
  await telling.publisher.publishEntries([textEntry(room, 2).entry]);
  await vi.waitFor(() => expect(hearing.seen()).toEqual(["2"]));

  const owner = await ownerOf(nodes[0] ?? "", nodeKey(hearing.nodeId));
  const killedAtMs = Date.now();
  await stack.redis?.node(nodes.indexOf(owner) + 1).kill();
  await vi.waitFor(() => expect(hearing.interruptions.length).toBeGreaterThan(0), { timeout: 40_000 });
  expect(hearing.interruptions[0]).toBeLessThanOrEqual(killedAtMs + 1_000);
  await vi.waitFor(() => telling.publisher.publishEntries([textEntry(room, 3).entry]), { timeout: 20_000 });
  await vi.waitFor(() => expect(hearing.seen()).toContain("3"), { timeout: 10_000 });
  expect([hearing.trouble, telling.trouble]).toEqual([undefined, undefined]);
  expect(await telling.tails.readSeq(room)).toBe(3);
});

/** The address of the master whose slots hold a key. */
async function ownerOf(address: string, key: string): Promise<string> {
  return withRedis(address, async (redis) => {
    const slot = Number(await redis.cluster("KEYSLOT", key));
    const ranges = await redis.cluster("SLOTS");
    const [host, port] = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2] ?? [];
    return `${host}:${port}`;
  });
}
