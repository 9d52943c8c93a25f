import { randomUUID } from "node:crypto";
import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { type Stack, scratchName, startStack } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { signUserToken } from "../src/identity/tokens.ts";
import { GatewaySocket } from "./gateway-socket.ts";

let redis: Stack;
let fleet: Fleet;
let api: ServerNode;
let gateways: ServerNode[];
let maru: Maru;

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  redis = await startStack({ redis: true });
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    redisNodes: redis.redis?.nodes ?? [],
    env: {
      MARU_TABLE: scratchName("delivery"),
      MARU_CONTROL_TABLE: scratchName("delivery-control"),
      MARU_KAFKA_TOPIC: scratchName("delivery-events"),
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("delivery-markers"),
      MARU_GATEWAY_GROUP: scratchName("delivery-gateways"),
      MARU_KAFKA_PARTITIONS: "2",
    },
  });
  await fleet.setUp();
  api = await fleet.startServer({ name: "api", env: { MARU_ROLES: "api,relay" } });
  const gateway = (name: string) =>
    fleet.startServer({
      name,
      env: { MARU_ROLES: "gateway", MARU_GATEWAY_API_ADDRESSES: api.grpcAddress, MARU_DYNAMODB_ENDPOINT: "" },
    });
  gateways = await Promise.all(["gateway-1", "gateway-2"].map(gateway));
  maru = connectMaru({ address: api.grpcAddress, token: await fleet.token("tests") });
});
afterAll(async () => {
  await maru?.close();
  await fleet?.close();
  await redis?.close();
});

async function roomOf(...userIds: string[]): Promise<string> {
  const members = userIds.map((userId) => ({ userId }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  return room?.roomId ?? "";
}

async function enter(gateway: ServerNode | undefined, userId: string): Promise<GatewaySocket> {
  const socket = await GatewaySocket.open(gateway?.gatewayAddress ?? "");
  const token = await signUserToken({
    key: fleet.env.MARU_TOKEN_KEY ?? "",
    userId,
    ttlSeconds: 600,
    audience: "maru-realtime",
  });
  socket.send({ case: "hello", value: { token, client: "tests" } });
  await socket.next("welcome");
  return socket;
}

async function follow(socket: GatewaySocket, roomId: string, seq = 0): Promise<void> {
  const requestId = randomUUID();
  socket.send({ case: "resume", value: { rooms: [{ roomId, seq }] } }, requestId);
  await socket.answer("resumed", requestId);
}

const seqs = (socket: GatewaySocket) => socket.all("entry").map(({ entry }) => entry?.seq);

it("two users on two gateways talk: entries, acks, read marks, typing and presence come", async () => {
  const roomId = await roomOf("ann", "ben");
  using ann = await enter(gateways[0], "ann");
  using ben = await enter(gateways[1], "ben");
  await Promise.all([follow(ann, roomId), follow(ben, roomId)]);
  const send = { roomId, content: text("hi"), idempotencyKey: randomUUID() };
  ann.send({ case: "send", value: send }, "one");
  expect((await ann.answer("ack", "one")).seq).toBe(2);
  await ben.next("entry", ({ entry }) => entry?.seq === 2);
  await ann.next("entry", ({ entry }) => entry?.seq === 2);
  ann.send({ case: "send", value: send }, "again");
  expect((await ann.answer("ack", "again")).seq).toBe(2);

  ben.send({ case: "markRead", value: { roomId, seq: 2 } }, "read");
  await ben.answer("ack", "read");
  expect(await ann.next("readMarker")).toMatchObject({ roomId, userId: "ben", readSeq: 2 });
  ben.send({ case: "typing", value: { roomId } });
  expect(await ann.next("typing")).toMatchObject({ roomId, userId: "ben", stopped: false });
  ann.send({ case: "watchPresence", value: { roomIds: [roomId] } });
  expect(await ann.next("presence")).toMatchObject({ userId: "ben", connected: true });
  const { presences } = await maru.presence.batchGet({ userIds: ["ben", "nobody"] });
  expect(presences.map(({ connected }) => connected)).toEqual([true, false]);
  ben[Symbol.dispose]();
  await ann.next("presence", ({ connected }) => !connected);
  expect([seqs(ann), ben.all("typing").length]).toEqual([[1, 2], 0]);
});

it("a user hears of a room that they are added to, and nothing of one that they were removed from", async () => {
  const roomId = await roomOf("cat");
  using cat = await enter(gateways[0], "cat");
  using dan = await enter(gateways[1], "dan");
  await follow(cat, roomId);
  await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "dan" }] });
  await dan.next("roomAdded", (added) => added.roomId === roomId);
  await follow(dan, roomId);
  await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["dan"] });
  await dan.next("roomRemoved", (removed) => removed.seq === 3);
  await maru.messages.send({ roomId, actor: user("cat"), content: text("alone") });
  await cat.next("entry", ({ entry }) => entry?.seq === 4);
  dan.send({ case: "resume", value: { rooms: [{ roomId, seq: 3 }] } }, "back");
  expect(await dan.answer("error", "back")).toMatchObject({ metadata: { room_id: roomId } });
  expect(seqs(dan)).not.toContain(4);
});

it("who does not follow a room still hears of its messages, once", async () => {
  const roomId = await roomOf("eve", "fay");
  using fay = await enter(gateways[1], "fay");
  await maru.messages.send({ roomId, actor: user("eve"), content: text("ping") });
  await fay.next("entry", ({ entry }) => entry?.roomId === roomId && entry.seq === 2);
});

it("the last message of a room arrives although the server that stored it never came to publish it", async () => {
  const roomId = await roomOf("gus", "hal");
  using hal = await enter(gateways[1], "hal");
  await follow(hal, roomId);
  // Its Redis is not there: what it stores is as if it had died between the put and the publish.
  const mute = await fleet.startServer({ name: "mute", env: { MARU_ROLES: "api", MARU_REDIS_NODES: "127.0.0.1:1" } });
  await using client = connectMaru({ address: mute.grpcAddress, token: await fleet.token("tests") });
  await client.messages.send({ roomId, actor: user("gus"), content: text("last words") });
  await mute.kill();
  await hal.next("entry", ({ entry }) => entry?.seq === 2);
  const republished = async () => {
    const pages = await Promise.all(gateways.map(({ httpAddress }) => fetch(`http://${httpAddress}/metrics`)));
    const texts = await Promise.all(pages.map((page) => page.text()));
    return texts.some((page) => /^maru_gateway_republished_total [1-9]/m.test(page));
  };
  await vi.waitUntil(republished, { timeout: 10_000 });
});

it("a device that was away gets what it missed, in order, on another gateway", async () => {
  const roomId = await roomOf("ida", "joe");
  const first = await enter(gateways[0], "joe");
  await follow(first, roomId);
  await first.next("entry");
  first[Symbol.dispose]();
  for (let n = 0; n < 150; n++) await maru.messages.send({ roomId, actor: user("ida"), content: text(`${n}`) });
  using second = await enter(gateways[1], "joe");
  await follow(second, roomId, 1);
  await second.next("entry", ({ entry }) => entry?.seq === 151);
  expect(seqs(second)).toEqual(Array.from({ length: 150 }, (_, n) => n + 2));
});
