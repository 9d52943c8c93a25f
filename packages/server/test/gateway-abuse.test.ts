import { connect, type Socket } from "node:net";
import { ErrorReason } from "@maru/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { encodeFrame } from "../src/gateway/encoded-frame.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import { type GatewayWorld, startGatewayWorld } from "./gateway-world.ts";

let world: GatewayWorld;
let good: GatewaySocket;
beforeAll(async () => {
  world = await startGatewayWorld({ limits: { maxBufferedBytes: 262_144 } });
  good = await world.enter("good");
});
afterAll(async () => {
  // Whatever was done to the gateway, its first user never noticed.
  expect(good.closed).toBeUndefined();
  await pinged(good);
  expect(world.logged.filter(({ level }) => level === "error")).toEqual([]);
  await world[Symbol.asyncDispose]();
});

let pings = 0;
async function pinged(socket: GatewaySocket): Promise<void> {
  const requestId = `ping-${++pings}`;
  socket.send({ case: "ping", value: {} }, requestId);
  await socket.answer("pong", requestId);
}

test("a reader that is too slow is cut off with a code that says so; what waits for it is bounded", async () => {
  using slow = await world.enter("slow");
  using quick = await world.enter("quick");
  for (const socket of [slow, quick]) {
    socket.send({ case: "resume", value: { rooms: [{ roomId: "busy", seq: 0 }] } }, "1");
    await socket.answer("resumed", "1");
  }
  slow.ws.pause();
  const session = [...world.rooms.sessions].find(({ userId }) => userId === "slow");
  const buffered = () => Reflect.get(session ?? {}, "bufferedBytes") as number;
  let mostBytes = 0;
  let seq = 0;
  await vi.waitUntil(
    () => {
      mostBytes = Math.max(mostBytes, buffered());
      world.rooms.say("busy", bigFrame(++seq));
      return !world.rooms.sessions.has(session as never);
    },
    { timeout: 20_000, interval: 1 },
  );
  expect(mostBytes).toBeLessThan(262_144 + 2 * frameBytes);
  slow.ws.resume();
  expect((await slow.end()).code).toBe(4001);
  const last = seq;
  await quick.next("error", ({ requestId }) => requestId === `${last}`);
  expect(quick.all("error")).toHaveLength(last);
});

const frameBytes = 60_000;
const bigFrame = (seq: number) =>
  encodeFrame({ case: "error", value: { requestId: `${seq}`, message: "x".repeat(frameBytes) } });

test("who floods is cut off, also with WebSocket's own pings, and nobody else is", async () => {
  using frames = await world.enter("flood");
  using controls = await world.enter("pings");
  for (let at = 0; at < 2_000; at++) {
    frames.send({ case: "ping", value: {} });
    controls.ws.ping();
  }
  await pinged(good);
  expect((await frames.end()).code).toBe(4201);
  expect((await controls.end()).code).toBe(4201);
  expect(frames.all("error").length).toBeLessThan(1_000);
});

test("a frame of 64 MB is refused by its length, without being read", async () => {
  const before = process.memoryUsage().rss;
  const socket = await rawSocket();
  socket.write(headerOf64MB());
  const part = Buffer.alloc(1 << 20);
  for (let sent = 0; sent < 64 && !socket.destroyed; sent++) socket.write(part);
  expect(await closeCodeOf(socket)).toBe(1009);
  await pinged(good);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
});

test.each([
  ["too long in all", 200, 1024, 1009],
  ["cut into crumbs", 100, 1, 1008],
])("a frame in parts that is %s is refused", async (_, parts, partBytes, code) => {
  const socket = await rawSocket();
  socket.write(maskedFrame(0x02, Buffer.alloc(partBytes), false));
  for (let part = 1; part < parts; part++) socket.write(maskedFrame(0x00, Buffer.alloc(partBytes), false));
  expect(await closeCodeOf(socket)).toBe(code);
});

test.each([
  ["text that is no UTF-8", "maru.v1.json", 0x01, Buffer.from([0x7b, 0xff, 0xfe]), 1007],
  ["text that is no JSON", "maru.v1.json", 0x01, Buffer.from("{"), 4200],
  ["JSON that is no frame", "maru.v1.json", 0x01, Buffer.from('{"resume":"yes"}'), 4200],
  ["bytes where text is spoken", "maru.v1.json", 0x02, Buffer.from("{}"), 4200],
  ["text where bytes are spoken", "maru.v1.protobuf", 0x01, Buffer.from("{}"), 4200],
  ["bytes that are no message", "maru.v1.protobuf", 0x02, Buffer.from([0xff, 0xff, 0xff]), 4200],
  ["a length that reaches beyond the end", "maru.v1.protobuf", 0x02, Buffer.from([0x12, 0x7f, 1]), 4200],
  ["a frame of an opcode that nobody knows", "maru.v1.protobuf", 0x03, Buffer.alloc(2), 1002],
])("%s ends the connection with a code that says so", async (_, subprotocol, opcode, payload, code) => {
  const socket = await rawSocket(subprotocol);
  socket.write(maskedFrame(opcode, payload));
  expect(await closeCodeOf(socket)).toBe(code);
});

test("deeply nested JSON and endless texts are refused as any other frame", async () => {
  const nested = await rawSocket("maru.v1.json");
  nested.write(maskedFrame(0x01, Buffer.from(`{"x":${"[".repeat(60_000)}`)));
  expect(await closeCodeOf(nested)).toBe(4200);
});

test("an error that cannot be read says so before the close", async () => {
  using socket = await world.enter("ann");
  socket.ws.send(Buffer.from([0xff, 0xff]));
  expect(await socket.end()).toEqual({ code: 4200, reason: "a frame could not be read" });
  expect(socket.all("error")[0]?.reason).toBe(ErrorReason.MALFORMED_REQUEST);
});

test("another user's room is refused", async () => {
  using socket = await world.enter("eve");
  socket.send({ case: "resume", value: { rooms: [{ roomId: "foreign-1", seq: 0 }] } }, "1");
  expect((await socket.answer("error", "1")).reason).toBe(ErrorReason.NOT_A_MEMBER);
});

test.each([
  ["what is no frame of ours", maskedFrame(0x02, Buffer.from([0xff, 0xff, 0xff])), 4200],
  ["the header of 64 MB", headerOf64MB(), 1009],
  ["what is no WebSocket", maskedFrame(0x03, Buffer.alloc(2)), 1002],
  ["a close frame", maskedFrame(0x08, Buffer.from([0x03, 0xe8])), 1000],
])("who goes on sending after %s is not listened to, and cut off a little later", async (_, start, code) => {
  const socket = await rawSocket();
  socket.write(start);
  expect(await closeCodeOf(socket, false)).toBe(code);
  const takenBytes = await sendUntilCut(socket);
  // The kernel takes some; the gateway would have taken hundreds of megabytes.
  expect(takenBytes).toBeLessThan(20_000_000);
  await pinged(good);
});

test("the gateway has let go of everybody who is gone", async () => {
  await vi.waitUntil(async () => (await world.telemetry.text()).includes("maru_gateway_connections 1\n"), {
    timeout: 10_000,
  });
  expect([...world.rooms.sessions].map(({ userId }) => userId)).toEqual(["good"]);
});

/** A WebSocket after its handshake, as bare bytes. */
async function rawSocket(subprotocol = "maru.v1.protobuf"): Promise<Socket> {
  const [host = "", port] = world.gateway.address.split(":");
  // Who means harm does not end when it is told to.
  const socket = connect({ port: Number(port), host, allowHalfOpen: true });
  socket.on("error", () => undefined);
  socket.write(
    [
      "GET / HTTP/1.1",
      "host: gateway",
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
      `sec-websocket-protocol: ${subprotocol}`,
      "\r\n",
    ].join("\r\n"),
  );
  const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  if (!answer.toString("latin1").startsWith("HTTP/1.1 101")) throw new Error(answer.toString());
  return socket;
}

/** Sends as fast as it is taken, until the connection is cut; what was taken till then. */
async function sendUntilCut(socket: Socket): Promise<number> {
  const part = maskedFrame(0x02, Buffer.alloc(60_000));
  let takenBytes = 0;
  const more = () =>
    socket.write(part, (error) => {
      if (error) return;
      takenBytes += part.length;
      more();
    });
  more();
  await vi.waitUntil(() => socket.destroyed, { timeout: 10_000, interval: 5 });
  return takenBytes;
}

function headerOf64MB(): Buffer {
  return Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x04, 0, 0, 0, 1, 2, 3, 4]);
}

function maskedFrame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const length = payload.length;
  const head = [opcode | (isFinal ? 0x80 : 0)];
  if (length < 126) head.push(0x80 | length);
  else head.push(0x80 | 126, length >> 8, length & 0xff);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

/** The code of the first close frame; frames of data before it are passed over. */
async function closeCodeOf(socket: Socket, thenEnd = true): Promise<number> {
  let read = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no close frame came")), 10_000);
    socket.on("data", (chunk) => {
      read = Buffer.concat([read, chunk]);
      while (read.length >= 2) {
        const lengthByte = read[1] ?? 0;
        const headBytes = lengthByte === 126 ? 4 : 2;
        const length = lengthByte === 126 ? read.readUInt16BE(2) : lengthByte;
        if (read.length < headBytes + length) return;
        if (((read[0] ?? 0) & 0x0f) === 8) {
          clearTimeout(timer);
          if (thenEnd) socket.destroy();
          resolve(read.readUInt16BE(headBytes));
          return;
        }
        read = read.subarray(headBytes + length);
      }
    });
  });
}
