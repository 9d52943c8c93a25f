import { get, type IncomingMessage } from "node:http";
import { ErrorReason, text } from "@maru/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { encodeFrame } from "../src/gateway/encoded-frame.ts";
import { fresh, openRoom } from "./behaviour/scene.ts";
import { type GatewayWorld, startGatewayWorld } from "./gateway-world.ts";

const key = () => fresh("key");

let world: GatewayWorld;
beforeAll(async () => {
  world = await startGatewayWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe.each(["maru.v1.protobuf", "maru.v1.json"])("over %s", (subprotocol) => {
  test("a user is welcomed with who it is and what is allowed", async () => {
    using socket = await world.enter("ann", subprotocol);
    const welcome = await socket.next("welcome");
    expect(welcome).toMatchObject({ userId: "ann", limits: { maxFrameBytes: 65_536, maxResumeEntries: 500 } });
    const lastsMs = Number(welcome.tokenExpiresAt?.seconds) * 1000 - world.clock.nowMs;
    expect(lastsMs).toBeGreaterThan(590_000);
    expect(world.rooms.sessions).toContainEqual(expect.objectContaining({ sessionId: welcome.sessionId }));
  });

  test("what is sent is stored as the user's, and acknowledged with its number", async () => {
    using socket = await world.enter("ann", subprotocol);
    const roomId = await openRoom(world.maru, ["ann"]);
    socket.send({ case: "send", value: { roomId, content: text("hi"), idempotencyKey: key() } }, "1");
    const ack = await socket.answer("ack", "1");
    const { entry } = await world.maru.messages.get({ roomId, seq: ack.seq });
    expect(entry).toMatchObject({ actor: { kind: { case: "userId", value: "ann" } }, createdAt: ack.createdAt });

    socket.send({ case: "markRead", value: { roomId, seq: ack.seq } }, "2");
    expect(await socket.answer("ack", "2")).toMatchObject({ roomId, seq: ack.seq });
  });

  test("a send that is repeated with its key is stored once", async () => {
    using socket = await world.enter("ann", subprotocol);
    const roomId = await openRoom(world.maru, ["ann"]);
    const value = { roomId, content: text("once"), idempotencyKey: key() };
    socket.send({ case: "send", value }, "1");
    socket.send({ case: "send", value }, "2");
    expect((await socket.answer("ack", "2")).seq).toBe((await socket.answer("ack", "1")).seq);
  });

  test("messages to a room keep the order in which they were sent", async () => {
    using socket = await world.enter("ann", subprotocol);
    const roomId = await openRoom(world.maru, ["ann"]);
    const words = Array.from({ length: 12 }, (_, index) => `${index}`);
    for (const word of words) {
      socket.send({ case: "send", value: { roomId, content: text(word), idempotencyKey: key() } }, word);
    }
    const acks = await Promise.all(words.map((word) => socket.answer("ack", word)));
    const seqs = acks.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
  });

  test("a refusal says the same as over RPC, by reason and metadata", async () => {
    using socket = await world.enter("eve", subprotocol);
    const roomId = await openRoom(world.maru, ["ann"]);
    socket.send({ case: "send", value: { roomId, content: text("hi"), idempotencyKey: key() } }, "1");
    const error = await socket.answer("error", "1");
    expect(error).toMatchObject({ reason: ErrorReason.NOT_A_MEMBER, retryAfterMs: 0 });
    expect(error.metadata.room_id).toBe(roomId);

    socket.send({ case: "markRead", value: { roomId: "nowhere", seq: 3 } }, "2");
    expect((await socket.answer("error", "2")).reason).toBe(ErrorReason.ROOM_NOT_FOUND);
  });

  test("what breaks a rule of the contract is refused with the field and the rule, and the connection goes on", async () => {
    using socket = await world.enter("ann", subprotocol);
    socket.send({ case: "send", value: { roomId: "no room", content: text("hi"), idempotencyKey: key() } }, "1");
    const error = await socket.answer("error", "1");
    expect(error.reason).toBe(ErrorReason.INVALID_REQUEST);
    expect(Object.keys(error.metadata)).toEqual(["send.room_id"]);
    socket.send({ case: "ping", value: {} }, "2");
    expect((await socket.answer("pong", "2")).serverTime).toBeDefined();
  });

  test("what is sent in one tick goes out as one message, in order", async () => {
    using socket = await world.enter("ann", subprotocol);
    const before = socket.messages;
    const [session] = [...world.rooms.sessions].filter(({ userId }) => userId === "ann");
    for (let seq = 1; seq <= 8; seq++) session?.send(roomAdded("joined", seq));
    await socket.next("roomAdded", ({ seq }) => seq === 8);
    expect(socket.all("roomAdded").map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(socket.messages).toBe(before + 1);
  });
});

const roomAdded = (roomId: string, seq: number) => encodeFrame({ case: "roomAdded", value: { roomId, seq } });

test("sockets that get the same frames in a tick get the same bytes, and those that get more get theirs", async () => {
  using ann = await world.enter("ann");
  using bob = await world.enter("bob", "maru.v1.json");
  using cid = await world.enter("cid");
  for (const socket of [ann, bob, cid]) {
    socket.send({ case: "resume", value: { rooms: [{ roomId: "shared", seq: 0 }] } }, "1");
  }
  for (const socket of [ann, bob, cid]) await socket.answer("resumed", "1");
  const bobs = [...world.rooms.sessions].find(({ userId }) => userId === "bob");
  world.rooms.say("shared", roomAdded("shared", 1));
  bobs?.send(roomAdded("own", 9));
  world.rooms.say("shared", roomAdded("shared", 2));
  const seqs = async (socket: typeof ann) => {
    await socket.next("roomAdded", ({ seq }) => seq === 2);
    return socket.all("roomAdded").map(({ seq }) => seq);
  };
  expect([await seqs(ann), await seqs(bob), await seqs(cid)]).toEqual([
    [1, 2],
    [1, 9, 2],
    [1, 2],
  ]);
});

test("frames that follow the hello at once are taken up after the welcome", async () => {
  using socket = await world.open();
  socket.send({ case: "hello", value: { token: await world.token("ann") } });
  socket.send({ case: "resume", value: { rooms: [{ roomId: "lobby", seq: 7 }] } }, "1");
  socket.send({ case: "typing", value: { roomId: "lobby" } }, "2");
  expect(await socket.answer("resumed", "1")).toMatchObject({ roomId: "lobby", afterSeq: 7 });
  await socket.next("typing", ({ userId }) => userId === "ann");
  expect(socket.shown()).toBe("welcome resumed typing");
});

test("users send no cards and no system messages", async () => {
  using socket = await world.enter("ann");
  const roomId = await openRoom(world.maru, ["ann"]);
  const contents = [
    { kind: { case: "system", value: { code: "x" } } },
    { kind: { case: "card", value: { type: "acme.Pay", payload: new Uint8Array([1]) } } },
  ] as const;
  for (const [index, content] of contents.entries()) {
    socket.send({ case: "send", value: { roomId, content, idempotencyKey: key() } }, `${index}`);
    expect((await socket.answer("error", `${index}`)).reason).toBe(ErrorReason.ACTOR_NOT_ALLOWED);
  }
});

test("rooms that are not followed, and rooms of others, are refused by their reason", async () => {
  using socket = await world.enter("ann");
  socket.send({ case: "typing", value: { roomId: "unseen" } }, "1");
  socket.send({ case: "resume", value: { rooms: [{ roomId: "foreign-1", seq: 0 }] } }, "2");
  expect(await socket.answer("error", "1")).toMatchObject({ reason: ErrorReason.ROOM_NOT_FOLLOWED });
  expect(await socket.answer("error", "2")).toMatchObject({ reason: ErrorReason.NOT_A_MEMBER });
});

test("a fault of the gateway is told without its inside, and ends nothing", async () => {
  using socket = await world.enter("ann");
  socket.send({ case: "watchPresence", value: { roomIds: ["broken"] } }, "1");
  const error = await socket.answer("error", "1");
  expect(error.reason).toBe(ErrorReason.INTERNAL);
  expect(error.message).not.toContain("secret");
  socket.send({ case: "ping", value: {} }, "2");
  await socket.answer("pong", "2");
  expect(world.logged).toContainEqual(expect.objectContaining({ message: "a frame could not be served" }));
});

test("whoever speaks before the hello, or says it twice, is refused", async () => {
  using early = await world.open();
  early.send({ case: "ping", value: {} }, "1");
  expect((await early.answer("error", "1")).reason).toBe(ErrorReason.INVALID_REQUEST);
  expect((await early.end()).code).toBe(4200);

  using twice = await world.enter("ann");
  twice.send({ case: "hello", value: { token: await world.token("ann") } }, "2");
  expect((await twice.answer("error", "2")).reason).toBe(ErrorReason.INVALID_REQUEST);
});

test.each([
  ["is of another audience", () => world.token("ann", 600, "maru"), ErrorReason.TOKEN_INVALID, 4101],
  ["is no token", async () => "letters", ErrorReason.TOKEN_INVALID, 4101],
  ["names nobody who could be a user", () => world.token("#rooms#1"), ErrorReason.TOKEN_INVALID, 4101],
  ["has expired", () => world.token("ann", -60), ErrorReason.TOKEN_EXPIRED, 4100],
])("a token that %s ends the connection with a code that says so", async (_, token, reason, code) => {
  using socket = await world.open();
  socket.send({ case: "hello", value: { token: await token() } }, "1");
  expect((await socket.answer("error", "1")).reason).toBe(reason);
  expect((await socket.end()).code).toBe(code);
});

test("a user has several devices, up to a limit", async () => {
  const devices = await Promise.all(["1", "2", "3", "4", "5"].map(() => world.enter("dev")));
  using late = await world.open();
  late.send({ case: "hello", value: { token: await world.token("dev") } });
  expect((await late.end()).code).toBe(4202);
  for (const device of devices) device[Symbol.dispose]();
  await vi.waitUntil(() => ![...world.rooms.sessions].some(({ userId }) => userId === "dev"));
  using again = await world.enter("dev");
  expect(again.closed).toBeUndefined();
});

test.each([
  ["no subprotocol", { "sec-websocket-protocol": "" }, 400, "maru.v1.protobuf"],
  ["a wrong one", { "sec-websocket-protocol": "graphql-ws" }, 400, "maru.v1.json"],
])("a handshake with %s is refused with a sentence", async (_, headers, status, sentence) => {
  expect(await handshake(headers)).toEqual({ status, body: expect.stringContaining(sentence) });
});

test("what is no handshake gets told what this is", async () => {
  const response = await fetch(`http://${world.gateway.address}/`);
  expect([response.status, await response.text()]).toEqual([426, expect.stringContaining("WebSocket")]);
});

async function handshake(headers: Record<string, string>, address = world.gateway.address) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(`http://${address}/`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    request.once("response", resolve).once("error", reject);
    request.once("upgrade", (answer, socket) => {
      socket.destroy();
      resolve(answer);
    });
  });
  let body = "";
  if (response.statusCode !== 101) for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

test("pages of origins that are not named may not connect; programs without an origin may", async () => {
  await using guarded = await startGatewayWorld({ config: { origins: ["https://app.example.com"] } });
  const { address } = guarded.gateway;
  const protocol = { "sec-websocket-protocol": "maru.v1.json" };
  expect(await handshake({ ...protocol, origin: "https://evil.example.com" }, address)).toMatchObject({ status: 403 });
  expect(await handshake({ ...protocol, origin: "https://APP.example.com" }, address)).toMatchObject({ status: 101 });
  expect(await handshake(protocol, address)).toMatchObject({ status: 101 });
});

test("refusals of the gateway's own calls are no refusals of the user", async () => {
  await using unknown = await startGatewayWorld({ service: "stranger" });
  using socket = await unknown.enter("ann");
  const roomId = await openRoom(unknown.maru, ["ann"]);
  socket.send({ case: "send", value: { roomId, content: text("hi"), idempotencyKey: key() } }, "1");
  expect((await socket.answer("error", "1")).reason).toBe(ErrorReason.INTERNAL);
});

test("permessage-deflate is not spoken unless it is configured", async () => {
  const extensions = async (address: string) => {
    const ws = new WebSocket(`ws://${address}`, ["maru.v1.json"]);
    await new Promise((resolve) => ws.once("open", resolve));
    const spoken = ws.extensions;
    ws.terminate();
    return spoken;
  };
  await using compressing = await startGatewayWorld({ config: { compression: true } });
  expect(await extensions(world.gateway.address)).toBe("");
  expect(await extensions(compressing.gateway.address)).toBe("permessage-deflate");
});
