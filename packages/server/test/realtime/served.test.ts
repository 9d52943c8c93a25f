import { connectMaru, type Maru, service, text, user, watchRoom } from "@maru/client";
import { type Stack, scratchName, startStack } from "@maru/devstack";
import { ErrorReason, type ReadMarker } from "@maru/protocol";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { followersKey } from "../../src/realtime/redis-keys.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { type MemoryServer, startMemoryServer } from "../memory-server.ts";
import { startNode, type TestNode, withRedis } from "./nodes.ts";

/** Two servers over one table, who look at watched rooms so seldom that only a push can be in time. */
let stack: Stack;
let gateway: TestNode;
const servers: MemoryServer[] = [];
const marus: Maru[] = [];
const members = ["ann", "ben"].map((userId) => ({ userId: scratchName(userId) }));
const [ann = "", ben = ""] = members.map(({ userId }) => userId);

beforeAll(async () => {
  stack = await startStack({ redis: true });
  const nodes = stack.redis?.nodes ?? [];
  const store = createMemoryStore({ nowMs: Date.now });
  const settings = {
    MARU_REDIS_NODES: nodes.join(","),
    MARU_REDIS_TIMEOUT_MS: "500",
    MARU_WATCH_MIN_POLL_MS: "60000",
    MARU_WATCH_MAX_POLL_MS: "60000",
  };
  for (let index = 0; index < 2; index++) {
    const server = await startMemoryServer(settings, Date.now, () => store);
    servers.push(server);
    marus.push(connectMaru({ address: server.grpcAddress, token: server.token }));
  }
  gateway = await startNode(nodes);
});
afterAll(async () => {
  await Promise.all(marus.map((maru) => maru.close()));
  await Promise.all([...servers, gateway].map((one) => one?.[Symbol.asyncDispose]()));
  await stack?.close();
});

const [first, second] = [() => marus[0] as Maru, () => marus[1] as Maru];

async function createRoom(): Promise<string> {
  const { room } = await first().rooms.create({ actor: service(), kind: "group", members });
  return room?.roomId ?? "";
}

const followers = (roomId: string) =>
  withRedis(stack.redis?.nodes[0] ?? "", (redis) => redis.hlen(followersKey(roomId)));

const send = (maru: Maru, roomId: string) =>
  maru.messages.send({ actor: user(ann), roomId, content: text("hi"), idempotencyKey: crypto.randomUUID() });

test("whoever watches a room at one server hears by push what another one stores, until nobody watches any more", async () => {
  const roomId = await createRoom();
  const seen: number[] = [];
  const leaving = new AbortController();
  const watching = (async () => {
    for await (const { seq } of watchRoom(second(), { roomId }, { signal: leaving.signal })) seen.push(seq);
  })().catch(() => undefined);
  await vi.waitFor(() => expect(seen).toEqual([1]));
  await vi.waitFor(async () => expect(await followers(roomId)).toBe(1));
  for (let count = 0; count < 5; count++) await send(first(), roomId);
  await vi.waitFor(() => expect(seen).toEqual([1, 2, 3, 4, 5, 6]), { timeout: 10_000 });
  leaving.abort();
  await watching;
  await vi.waitFor(async () => expect(await followers(roomId)).toBe(0));
});

test("what a server stores raises the room's tail and comes to nodes of connected members, and so does a read mark that moved", async () => {
  const roomId = await createRoom();
  await gateway.sessions.add(ben, Date.now());
  await send(first(), roomId);
  await vi.waitFor(async () => expect(await gateway.tails.readSeq(roomId)).toBe(2));
  expect(gateway.seen()).toContain(`2 for ${ben}`);
  const markers = () =>
    gateway.pushes.flatMap(({ kind }): ReadMarker[] => (kind.case === "readMarker" ? [kind.value] : []));
  const mark = (seq: number) => second().reads.markRead({ actor: user(ben), roomId, seq });
  for (const seq of [1, 1, 2]) await mark(seq);
  await vi.waitFor(() => expect(markers().map(({ readSeq }) => readSeq)).toEqual([1, 2]));
  expect(markers().at(-1)).toMatchObject({ roomId, userId: ben });
  await gateway.sessions.remove(ben);
});

test("who is connected is known at every server, in the order of the question", async () => {
  const sinceMs = 1_700_000_000_000;
  await gateway.sessions.add(ann, sinceMs);
  const { presences } = await second().presence.batchGet({ userIds: [ben, ann] });
  expect(presences).toMatchObject([
    { userId: ben, connected: false },
    { userId: ann, connected: true, since: { seconds: BigInt(sinceMs / 1000) } },
  ]);
  expect(presences[0]?.since).toBeUndefined();
  await gateway.sessions.remove(ann);
});

test("without Redis messages go on, presence is refused, and the answer of /readyz says what is late", async () => {
  const roomId = await createRoom();
  await stack.redis?.node(1).kill();
  expect((await send(first(), roomId)).entry?.seq).toBe(2);
  const refused = first().presence.batchGet({ userIds: [ann] });
  await expect(refused).rejects.toMatchObject({ reason: ErrorReason.REALTIME_UNAVAILABLE });
  await vi.waitFor(
    async () => {
      const answer = await fetch(`http://${servers[0]?.httpAddress}/readyz`);
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/redis.*late since/)]);
    },
    { timeout: 15_000, interval: 200 },
  );
  expect(await servers[0]?.metrics()).toMatch(/maru_realtime_left_to_gateways_total [1-9]/);
});
