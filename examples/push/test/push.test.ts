import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { connectRealtime } from "@maru/client/realtime";
import { type Stack, scratchName, startStack } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Push } from "../src/decide-pushes.ts";
import { maruPresence } from "../src/presence.ts";
import { startPush } from "../src/start-push.ts";

const folder = mkdtempSync(join(tmpdir(), "maru-push-"));
const topic = scratchName("push-events");
const patience = { timeout: 30_000, interval: 20 };
let redis: Stack;
let fleet: Fleet;
let server: ServerNode;
let maru: Maru;

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  redis = await startStack({ redis: true });
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    redisNodes: redis.redis?.nodes ?? [],
    env: {
      MARU_TABLE: scratchName("push"),
      MARU_CONTROL_TABLE: scratchName("push-control"),
      MARU_KAFKA_TOPIC: topic,
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("push-markers"),
      MARU_GATEWAY_GROUP: scratchName("push-gateways"),
    },
  });
  await fleet.setUp();
  server = await fleet.startServer({ name: "server" });
  maru = connectMaru({ address: server.grpcAddress, token: await fleet.token("push") });
}, 120_000);
afterAll(async () => {
  await maru?.close();
  await fleet?.close();
  await redis?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("who is connected to a gateway gets no push, who is away gets one, and so does who has disconnected", async () => {
  const presence = maruPresence(maru);
  const isConnected = async (userId: string) => (await presence([userId])).has(userId);
  const members = ["ann", "bob", "eve"].map((userId) => ({ userId }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  const roomId = room?.roomId ?? "";
  const say = (words: string) => maru.messages.send({ roomId, actor: user("ann"), content: text(words) });
  const pushes: Push[] = [];
  const failures: unknown[] = [];
  const told = () => pushes.map(({ userId, text: words }) => [userId, words]);
  await using _service = await startPush({
    maru,
    presence,
    deliver: async (push) => void pushes.push(push),
    onError: (_burst, error) => void failures.push(error),
    brokers: inject("stack").kafka.brokers,
    topic,
    group: scratchName("push-group"),
    file: join(folder, "push.sqlite"),
    // The topic is new: what is said before the consumer has its partitions is told too.
    fromBeginning: true,
    windowMs: 100,
    everyMs: 20,
  });
  await using bob = connectRealtime({ url: `ws://${server.gatewayAddress}`, token: () => fleet.userToken("bob") });
  await expect.poll(() => isConnected("bob"), patience).toBe(true);

  await say("lunch?");
  await expect.poll(() => pushes.length, patience).toBeGreaterThan(0);
  expect(told()).toEqual([["eve", "lunch?"]]);

  await bob.close();
  await expect.poll(() => isConnected("bob"), patience).toBe(false);
  await say("at noon?");
  await expect.poll(() => pushes.length, patience).toBe(3);
  expect(told().slice(1).sort()).toEqual([
    ["bob", "at noon?"],
    ["eve", "at noon?"],
  ]);
  expect(failures).toEqual([]);
});
