import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReason, text } from "@maru/client";
import { expect, test, vi } from "vitest";
import { fresh, openRoom } from "./behaviour/scene.ts";
import { startGatewayWorld } from "./gateway-world.ts";

test("a connection that does not say in time who it is ends, and so does one of which nothing is heard", async () => {
  await using world = await startGatewayWorld({ limits: { helloTimeoutMs: 100, pingTimeoutMs: 300 } });
  using mute = await world.open();
  using silent = await world.enter("ann");
  using pinging = await world.enter("bob");
  const pings = setInterval(() => pinging.send({ case: "ping", value: {} }), 50);
  expect(await mute.end()).toEqual({ code: 4005, reason: "no hello came in time" });
  expect((await silent.end()).code).toBe(4002);
  clearInterval(pings);
  expect(pinging.closed).toBeUndefined();
  using control = await world.enter("cid");
  const controls = setInterval(() => control.ws.ping(), 50);
  expect((await pinging.end()).code).toBe(4002);
  clearInterval(controls);
  expect(control.closed).toBeUndefined();
});

test("a connection hears something of the gateway although nothing happens", async () => {
  await using world = await startGatewayWorld({ limits: { heartbeatMs: 100 } });
  using socket = await world.enter("ann");
  await vi.waitUntil(() => socket.all("pong").length >= 2, { timeout: 5_000 });
  expect(socket.all("pong")[0]).toMatchObject({ requestId: "" });
});

test("WebSocket's own pings are answered", async () => {
  await using world = await startGatewayWorld();
  using socket = await world.open();
  const answered = new Promise<Buffer>((resolve) => socket.ws.once("pong", resolve));
  socket.ws.ping("there?");
  expect((await answered).toString()).toBe("there?");
});

test("a connection ends when its token does", async () => {
  await using world = await startGatewayWorld({ limits: { heartbeatMs: 500 } });
  using socket = await world.enter("ann");
  world.clock.nowMs += 599_000;
  using other = await world.open();
  other.send({ case: "hello", value: { token: await world.token("bob", 3_600) } });
  await other.next("welcome");
  expect(socket.closed).toBeUndefined();
  world.clock.nowMs += 2_000;
  expect(await socket.end()).toEqual({ code: 4100, reason: "the token has expired" });
  expect(other.closed).toBeUndefined();
});

test("a gateway that is full sends new connections elsewhere, and takes them when others are gone", async () => {
  await using world = await startGatewayWorld({ limits: { maxConnections: 1 } });
  const first = await world.enter("ann");
  using second = await world.open();
  expect((await second.end()).code).toBe(4003);
  first.ws.close();
  await first.end();
  using third = await world.enter("bob");
  expect(third.closed).toBeUndefined();
});

test("more frames than are allowed are refused with when to try again, and a flood ends the connection", async () => {
  await using world = await startGatewayWorld({ limits: { frameRate: { perSecond: 10, burst: 20 } } });
  using socket = await world.enter("ann");
  for (let frame = 0; frame < 25; frame++) socket.send({ case: "ping", value: {} }, `${frame}`);
  const error = await socket.answer("error", "24");
  expect(error.reason).toBe(ErrorReason.RATE_LIMITED);
  expect(error.retryAfterMs).toBeGreaterThan(100);
  await sleep(error.retryAfterMs + 50);
  socket.send({ case: "ping", value: {} }, "again");
  await socket.answer("pong", "again");
  for (let frame = 0; frame < 60; frame++) socket.send({ case: "ping", value: {} });
  expect((await socket.end()).code).toBe(4201);
});

test("a connection has so many sends without an answer, and not more", async () => {
  await using world = await startGatewayWorld({ limits: { maxSends: 3 } });
  using socket = await world.enter("ann");
  const roomId = await openRoom(world.maru, ["ann"]);
  for (const id of ["1", "2", "3", "4"]) {
    socket.send({ case: "send", value: { roomId, content: text(id), idempotencyKey: fresh("key") } }, id);
  }
  expect(await socket.answer("error", "4")).toMatchObject({ reason: ErrorReason.RATE_LIMITED, retryAfterMs: 1_000 });
  await socket.answer("ack", "3");
  socket.send({ case: "send", value: { roomId, content: text("5"), idempotencyKey: fresh("key") } }, "5");
  await socket.answer("ack", "5");
});

test("a shutdown asks each client to come back elsewhere at a time of its own, then closes", async () => {
  await using world = await startGatewayWorld({ config: { drainWindowMs: 400, drainUrl: "wss://two.example.com" } });
  const sockets = await Promise.all(["a", "b", "c", "d", "e"].map((userId) => world.enter(userId)));
  using unknown = await world.open();
  await world.gateway.drain();
  const drains = await Promise.all(sockets.map((socket) => socket.next("drain")));
  expect(new Set(drains.map(({ reconnectAfterMs }) => reconnectAfterMs)).size).toBeGreaterThan(1);
  for (const drain of drains) {
    expect(drain.url).toBe("wss://two.example.com");
    expect(drain.closesAfterMs).toBeGreaterThan(drain.reconnectAfterMs);
    expect(drain.closesAfterMs).toBeLessThanOrEqual(400);
  }
  for (const socket of [...sockets, unknown]) expect((await socket.end()).code).toBe(4000);
  await expect(world.open()).rejects.toThrow("503");
});

test("a shutdown without connections does not wait", async () => {
  await using world = await startGatewayWorld({ config: { drainWindowMs: 60_000 } });
  const socket = await world.enter("ann");
  const drained = world.gateway.drain();
  await socket.next("drain");
  socket.ws.close();
  await drained;
});

test("sends go on after their connection is gone", async () => {
  await using world = await startGatewayWorld();
  const roomId = await openRoom(world.maru, ["ann"]);
  const socket = await world.enter("ann");
  socket.send({ case: "send", value: { roomId, content: text("bye"), idempotencyKey: fresh("key") } });
  socket.ws.close();
  await vi.waitUntil(async () => (await world.maru.messages.list({ roomId })).entries.length === 1);
  expect(world.logged.filter(({ level }) => level === "error")).toEqual([]);
});

test("metrics say how many there are, what they send, and why they end", async () => {
  await using world = await startGatewayWorld();
  using socket = await world.enter("ann");
  using late = await world.open();
  late.send({ case: "hello", value: { token: "none" } });
  await late.end();
  socket.send({ case: "ping", value: {} });
  await socket.next("pong");
  const text = await world.telemetry.text();
  for (const line of [
    "maru_gateway_connections 1",
    "maru_gateway_users 1",
    "maru_gateway_buffered_bytes 0",
    "maru_gateway_frames_received_total 3",
    "maru_gateway_frames_sent_total 3",
    "maru_gateway_messages_sent_total 3",
    'maru_gateway_closes_total{code="4101"} 1',
    'maru_gateway_refusals_total{reason="TOKEN_INVALID"} 1',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});
