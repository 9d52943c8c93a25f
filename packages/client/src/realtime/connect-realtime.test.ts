import { ErrorReason } from "@maru/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll, framesOf, isConnected, opened, read, start, until } from "../../test/realtime-client.ts";
import { connectRealtime, isReason, memoryPositions, text } from "./index.ts";

afterEach(closeAll);

describe.each(["protobuf", "json"] as const)("over %s", (encoding) => {
  test("a room's entries come from the position on, then as they happen", async () => {
    const { gateway, realtime } = await start({ encoding });
    for (let seq = 1; seq <= 4; seq++) gateway.append("r");
    const room = realtime.room("r", { after: 2 });
    expect(await read(room, 2)).toEqual([3, 4]);
    gateway.append("r");
    expect(await read(room, 1)).toEqual([5]);
  });

  test("a message is pending, then sent, and its entry has its key", async () => {
    const { gateway, realtime } = await start({ encoding });
    const room = realtime.room("r");
    const sending = room.send(text("hi"));
    expect(sending).toMatchObject({ state: "pending", content: text("hi") });
    expect(await sending.done).toMatchObject({ seq: 1 });
    expect(sending).toMatchObject({ state: "sent", sent: { seq: 1 } });
    expect(gateway.log("r")[0]?.idempotencyKey).toBe(sending.key);
    expect(await read(room, 1)).toEqual([1]);
  });
});

test("the hello and the resume go out together, before the welcome", async () => {
  const { gateway, realtime } = await start();
  gateway.intercept = (_, frame) => frame.kind.case === "hello";
  realtime.room("r", { after: 7 });
  await until("two frames", () => gateway.peers[0]?.frames.length === 2);
  expect(gateway.peer.frames.map(({ kind }) => kind.case)).toEqual(["hello", "resume"]);
  expect(realtime.state).toEqual({ status: "connecting" });
});

test("over cuts at any moment each entry comes once and in order", async () => {
  const { gateway, realtime } = await start();
  const room = realtime.room("r");
  const reading = read(room, 60);
  for (let seq = 1; seq <= 60; seq++) {
    gateway.append("r", { lost: seq % 7 === 0 });
    if (seq % 9 === 0) gateway.cut();
    if (seq % 4 === 0) await until("a moment of the connection", () => realtime.state.status !== "connecting");
  }
  gateway.cut();
  expect(await reading).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
});

test("a hole is filled from the gateway before anything after it is seen", async () => {
  const { gateway, realtime } = await start();
  const room = realtime.room("r");
  const reading = read(room, 3);
  await until("it follows", () => gateway.peers[0]?.follows.has("r"));
  gateway.append("r");
  gateway.append("r", { lost: true });
  gateway.append("r");
  expect(await reading).toEqual([1, 2, 3]);
  expect(framesOf(gateway.peer.frames, "unfollow")).toHaveLength(1);
});

test("a tail in a pong reveals the last entry of a burst", async () => {
  const { gateway, realtime } = await start();
  const room = realtime.room("r");
  await until("it follows", () => gateway.peers[0]?.follows.has("r"));
  gateway.append("r", { lost: true });
  gateway.peer.send({ case: "pong", value: { tails: [{ roomId: "r", seq: 1 }] } });
  expect(await read(room, 1)).toEqual([1]);
});

test("what a gateway does not bring is a gap that says what lies in it", async () => {
  const { gateway, realtime } = await start();
  gateway.limits.maxResumeEntries = 3;
  for (let seq = 1; seq <= 9; seq++) gateway.append("r");
  const room = realtime.room("r", { after: 2 });
  expect(await read(room, 1)).toEqual(["2-9"]);
  gateway.append("r");
  expect(await read(room, 1)).toEqual([10]);
});

test("a loop that does not read costs bounded memory, and misses nothing when it reads", async () => {
  const { gateway, realtime } = await start({ maxBufferedEntries: 5 });
  const room = realtime.room("r");
  await until("it follows", () => gateway.peers[0]?.follows.has("r"));
  for (let seq = 1; seq <= 40; seq++) gateway.append("r");
  expect(await read(room, 40)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

test("two calls for a room have a loop each, and share what comes", async () => {
  const { gateway, realtime } = await start();
  for (let seq = 1; seq <= 3; seq++) gateway.append("r");
  const one = realtime.room("r", { after: 2 });
  expect(await read(one, 1)).toEqual([3]);
  const other = realtime.room("r");
  expect(await read(other, 3)).toEqual([1, 2, 3]);
  gateway.append("r");
  expect(await Promise.all([read(one, 1), read(other, 1)])).toEqual([[4], [4]]);
  one.unfollow();
  gateway.append("r");
  expect(await read(other, 1)).toEqual([5]);
  other.unfollow();
  await until("nobody follows", () => !gateway.peer.follows.has("r"));
});

test("a position is saved when the app asks for the next entry, and used after the next load", async () => {
  const positions = memoryPositions();
  const { gateway, realtime } = await start({ positions });
  for (let seq = 1; seq <= 3; seq++) gateway.append("r");
  const room = realtime.room("r");
  await read(room, 2);
  expect(positions.load()).toEqual({ r: 1 });
  expect(room.position).toBe(1);
  const again = connectRealtime({ url: gateway.url, token: "t", positions });
  opened.push(again);
  expect(await read(again.room("r"), 2)).toEqual([2, 3]);
});

test("a loop over a room of others throws NOT_A_MEMBER, and over one that the user is put out of too", async () => {
  const { gateway, realtime } = await start();
  const refused = await read(realtime.room("foreign"), 1).catch((error: unknown) => error);
  expect(isReason(refused, ErrorReason.NOT_A_MEMBER) && refused.metadata).toEqual({ roomId: "foreign" });
  const room = realtime.room("r");
  await until("it follows", () => gateway.peers[0]?.follows.has("r"));
  gateway.append("r");
  gateway.peer.send({ case: "roomRemoved", value: { roomId: "r", seq: 1 } });
  expect(await read(room, 1)).toEqual([1]);
  expect(isReason(await read(room, 1).catch((error: unknown) => error), ErrorReason.NOT_A_MEMBER)).toBe(true);
});

test("a refusal of a resume that may pass is tried again, one that names no room is for all of its frame", async () => {
  const { gateway, realtime } = await start();
  let refusals = 0;
  gateway.intercept = (peer, { requestId, kind }) => {
    if (kind.case !== "resume" || refusals++ > 0) return false;
    peer.send({ case: "error", value: { requestId, reason: ErrorReason.RATE_LIMITED, retryAfterMs: 1 } });
    return true;
  };
  gateway.append("a");
  gateway.append("b");
  const [a, b] = [realtime.room("a"), realtime.room("b")];
  expect(await Promise.all([read(a, 1), read(b, 1)])).toEqual([[1], [1]]);
});

describe("what is sent", () => {
  test("while there is no connection goes out when there is one, in order and once", async () => {
    const { gateway, realtime } = await start();
    let cuts = 0;
    gateway.intercept = (peer, { kind }) => {
      if (kind.case !== "send" || cuts >= 6) return false;
      cuts++;
      // Stored, but the answer is lost; or lost on the way there.
      if (cuts % 2 === 0) gateway.store("r", kind.value.idempotencyKey);
      peer.socket.terminate();
      return true;
    };
    const room = realtime.room("r");
    const sendings = Array.from({ length: 8 }, (_, index) => room.send(text(`${index}`)));
    await Promise.all(sendings.map(({ done }) => done));
    expect(gateway.log("r").map(({ idempotencyKey }) => idempotencyKey)).toEqual(sendings.map(({ key }) => key));
    expect(sendings.map(({ sent }) => sent?.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("and is refused says so, and does not hold up what comes after it", async () => {
    const { gateway, realtime } = await start();
    let seen = 0;
    gateway.intercept = (peer, { requestId, kind }) => {
      if (kind.case !== "send" || ++seen > 2) return false;
      const reason = seen === 1 ? ErrorReason.STORE_UNAVAILABLE : ErrorReason.ROOM_FROZEN;
      peer.send({ case: "error", value: { requestId, reason, message: "no", retryAfterMs: seen === 1 ? 1 : 0 } });
      return true;
    };
    const room = realtime.room("r");
    const [first, second] = [room.send(text("1")), room.send(text("2"))];
    await expect(first.done).rejects.toMatchObject({ name: "RealtimeError", reason: ErrorReason.ROOM_FROZEN });
    expect(first).toMatchObject({ state: "refused", error: { message: "[ROOM_FROZEN] no" } });
    expect(await second.done).toMatchObject({ seq: 1 });
  });

  test("and is too large for the gateway is refused here, and the connection lives", async () => {
    const { gateway, realtime } = await start();
    gateway.limits.maxFrameBytes = 500;
    const room = realtime.room("r");
    const [large, small] = [room.send(text("x".repeat(600))), room.send(text("y"))];
    await expect(large.done).rejects.toMatchObject({ reason: ErrorReason.REQUEST_TOO_LARGE });
    await small.done;
    expect(gateway.peers).toHaveLength(1);
  });

  test("and has no answer when the app closes is refused as CANCELLED", async () => {
    const { gateway, realtime } = await start();
    gateway.intercept = (_, { kind }) => kind.case === "send";
    const sending = realtime.room("r").send(text("x"));
    await realtime.close();
    await expect(sending.done).rejects.toMatchObject({ reason: ErrorReason.CANCELLED });
  });

  test("read marks that wait are joined to the highest, and are sent again after a cut", async () => {
    const { gateway, realtime } = await start();
    let lost = false;
    gateway.intercept = (peer, { kind }) => {
      if (kind.case !== "markRead" || lost) return false;
      lost = true;
      peer.socket.terminate();
      return true;
    };
    const room = realtime.room("r");
    await until("it is connected", isConnected(realtime));
    for (let seq = 1; seq <= 9; seq++) room.markRead(seq);
    const marks = () => gateway.peers.flatMap(({ frames }) => framesOf(frames, "markRead"));
    await until("the last mark is sent", () =>
      marks().some(({ kind }) => kind.case === "markRead" && kind.value.seq === 9),
    );
    expect(marks().length).toBeLessThanOrEqual(3);
  });

  test("is paced by what the gateway reads", async () => {
    const { gateway, realtime } = await start();
    gateway.limits.framesPerSecond = 20;
    const rooms = Array.from({ length: 30 }, (_, index) => realtime.room(`r${index}`));
    const sendings = rooms.map((room) => room.send(text("x")));
    await until("some are sent", () => sendings.some(({ state }) => state === "sent"));
    expect(framesOf(gateway.peer.frames, "send").length).toBeLessThan(30);
    await Promise.all(sendings.map(({ done }) => done));
  });
});

describe("signals", () => {
  test("entries of rooms that are not followed, and what happens to the user's rooms, are told", async () => {
    const { gateway, realtime } = await start();
    const told: unknown[] = [];
    realtime.onEntry(({ roomId, seq }) => told.push(["entry", roomId, seq]));
    realtime.onRoomAdded(({ roomId }) => told.push(["added", roomId]));
    realtime.onRoomRemoved(({ roomId }) => told.push(["removed", roomId]));
    await until("it is connected", isConnected(realtime));
    gateway.peer.send(
      { case: "roomAdded", value: { roomId: "x", seq: 1 } },
      { case: "entry", value: { entry: { roomId: "x", seq: 5 } } },
      { case: "roomRemoved", value: { roomId: "x", seq: 6 } },
    );
    await until("all are told", () => told.length === 3);
    expect(told).toEqual([
      ["added", "x"],
      ["entry", "x", 5],
      ["removed", "x"],
    ]);
  });

  test("what may have been missed is told by the gateway, and after each reconnect", async () => {
    const { gateway, realtime } = await start();
    let missed = 0;
    realtime.onMissed(({ since }) => {
      missed++;
      expect(since).toBeInstanceOf(Date);
    });
    await until("it is connected", isConnected(realtime));
    gateway.peer.send({ case: "missed", value: {} });
    await until("it is told", () => missed === 1);
    gateway.cut();
    await until("it is told again", () => missed === 2);
  });

  test("members type until they stop, or are silent for the time that the gateway says", async () => {
    const { gateway, realtime } = await start();
    const room = realtime.room("r");
    const told: unknown[] = [];
    room.onTyping(({ userId, isTyping }) => told.push([userId, isTyping]));
    await until("it follows", () => gateway.peers[0]?.follows.has("r"));
    const typing = { roomId: "r", userId: "bob", stopped: false, shownMs: 30 };
    gateway.peer.send({ case: "typing", value: typing }, { case: "typing", value: typing });
    await until("it ran out", () => told.length === 2);
    gateway.peer.send({ case: "typing", value: { ...typing, shownMs: 60_000 } });
    gateway.peer.send({ case: "typing", value: { ...typing, stopped: true } });
    await until("it was stopped", () => told.length === 4);
    expect(told).toEqual([
      ["bob", true],
      ["bob", false],
      ["bob", true],
      ["bob", false],
    ]);
  });

  test("the user's typing is told once for many keys, and again after it stopped", async () => {
    const { gateway, realtime } = await start();
    gateway.append("r");
    const room = realtime.room("r");
    room.typing();
    await read(room, 1);
    for (let key = 0; key < 50; key++) room.typing();
    room.typing(false);
    room.typing();
    await room.send(text("x")).done;
    const typing = framesOf(gateway.peer.frames, "typing").map(
      ({ kind }) => kind.case === "typing" && kind.value.stopped,
    );
    expect(typing).toEqual([false, true, false]);
  });

  test("read marks of a room's members are told", async () => {
    const { gateway, realtime } = await start();
    const told: unknown[] = [];
    realtime.room("r").onReadMarker(({ userId, readSeq }) => told.push([userId, readSeq]));
    await until("it is connected", isConnected(realtime));
    gateway.peer.send({ case: "readMarker", value: { roomId: "other", userId: "bob", readSeq: 9 } });
    gateway.peer.send({ case: "readMarker", value: { roomId: "r", userId: "bob", readSeq: 3 } });
    await until("it is told", () => told.length > 0);
    expect(told).toEqual([["bob", 3]]);
  });

  test("presence is asked for when its rooms are followed, over reconnects too, and told to all who watch", async () => {
    const { gateway, realtime } = await start();
    const told: unknown[] = [];
    const stop = realtime.watchPresence(["a", "b"], ({ userId, isConnected: there }) => told.push([userId, there]));
    realtime.room("a");
    realtime.room("b");
    const asked = () =>
      framesOf(gateway.peers.at(-1)?.frames ?? [], "watchPresence").map(
        ({ kind }) => kind.case === "watchPresence" && kind.value.roomIds,
      );
    await until("both are asked for", () => String(asked().at(-1)) === "a,b");
    gateway.peer.send({ case: "presence", value: { userId: "bob", connected: true } });
    await until("it is told", () => told.length === 1);
    realtime.watchPresence(["a"], ({ userId }) => told.push(`late ${userId}`));
    expect(told).toEqual([["bob", true], "late bob"]);
    gateway.cut();
    await until("it is asked again", () => gateway.peers.length === 2 && String(asked().at(-1)) === "a,b");
    stop();
    await until("one is asked for", () => String(asked().at(-1)) === "a");
  });
});
