import { randomUUID } from "node:crypto";
import { type Maru, service, text, user } from "@maru/client";
import { ErrorReason } from "@maru/protocol";
import { expect, test } from "vitest";
import { messageOf } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, names, openRoom, readLog, type Scene, say } from "./scene.ts";

export function batchSendSuite(scene: () => Scene): void {
  const openRooms = (maru: Maru, count: number, userIds: string[]) =>
    Promise.all(Array.from({ length: count }, () => openRoom(maru, userIds)));

  test("one message goes to many rooms, each with its own number", async () => {
    const { maru, other } = scene();
    const roomIds = await openRooms(maru, 25, ["ann"]);
    await say(maru, found(roomIds[3]), "before");
    const content = text("news");
    const mentions = [{ target: { case: "everybody" as const, value: {} }, startUtf16: 0, lengthUtf16: 4 }];
    const { results } = await other.messages.batchSend({ roomIds, actor: service(), content, mentions });
    expect(results.map(({ roomId }) => roomId)).toEqual(roomIds);
    for (const [n, { roomId, outcome }] of results.entries()) {
      if (outcome.case !== "entry") throw new Error(`${roomId} did not get the message`);
      expect(outcome.value).toMatchObject({ roomId, seq: n === 3 ? 3 : 2 });
      expect(messageOf(outcome.value)).toMatchObject({ content, mentions });
      expect((await maru.messages.get({ roomId, seq: outcome.value.seq })).entry).toEqual(outcome.value);
    }
  });

  test("rooms that cannot have it say why, and the others get it", async () => {
    const { maru } = scene();
    const [one = "", two = ""] = await openRooms(maru, 2, ["ann"]);
    const without = await openRoom(maru, ["bob"]);
    const roomIds = [one, "nowhere", without, two];
    const { results } = await maru.messages.batchSend({ roomIds, actor: user("ann"), content: text("news") });
    expect(results).toMatchObject([
      { roomId: one, outcome: { case: "entry", value: { seq: 2 } } },
      {
        roomId: "nowhere",
        outcome: { case: "failure", value: { reason: ErrorReason.ROOM_NOT_FOUND, metadata: { room_id: "nowhere" } } },
      },
      {
        roomId: without,
        outcome: {
          case: "failure",
          value: { reason: ErrorReason.NOT_A_MEMBER, metadata: { room_id: without, user_id: "ann" } },
        },
      },
      { roomId: two, outcome: { case: "entry", value: { seq: 2 } } },
    ]);
    expect(found(results[1]).outcome.value).toMatchObject({ message: "there is no such room" });
  });

  test("repeated, it writes nothing twice, reaches the rooms that it missed, and is the same as sending to each", async () => {
    const { maru, other } = scene();
    const roomIds = await openRooms(maru, 6, ["ann"]);
    const missed = await openRoom(maru, ["bob"]);
    const request = {
      roomIds: [...roomIds, missed],
      actor: user("ann"),
      content: text("news"),
      idempotencyKey: randomUUID(),
    };
    const first = await maru.messages.batchSend(request);
    await other.rooms.addMembers({ roomId: missed, actor: service(), members: [{ userId: "ann" }] });
    const [second, third] = await Promise.all([maru.messages.batchSend(request), other.messages.batchSend(request)]);
    expect(second).toEqual(third);
    expect(second.results.slice(0, 6)).toEqual(first.results.slice(0, 6));
    expect(second.results[6]?.outcome.case).toBe("entry");
    for (const roomId of roomIds) {
      const { actor, content, idempotencyKey } = request;
      expect((await other.messages.send({ roomId, actor, content, idempotencyKey })).entry?.seq).toBe(2);
      expect(await readLog(maru, roomId)).toHaveLength(2);
    }
    const { results } = await maru.messages.batchSend({ ...request, content: text("other news") });
    for (const { outcome } of results) {
      expect(outcome.value).toMatchObject({ reason: ErrorReason.IDEMPOTENCY_KEY_REUSED });
    }
  });

  test("what no room could take is refused as a whole", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = (changes: object) =>
      maru.messages.batchSend({ roomIds: [roomId], actor: user("ann"), content: text("news"), ...changes });
    expect(await refusal(send({ roomIds: [] }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(send({ roomIds: [roomId, roomId] }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(send({ roomIds: names("room", 101) }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(send({ content: text("") }))).toMatchObject(invalid("content.text.text"));
    expect(await refusal(send({ content: text("x".repeat(16_385)) }))).toMatchObject({ reason: "CONTENT_TOO_LARGE" });
    const mentions = [{ target: { case: "everybody", value: {} }, startUtf16: 5 }];
    expect(await refusal(send({ mentions }))).toMatchObject(invalid("mentions[0].start_utf16"));
    const actor = { kind: { case: "service", value: { name: "bank" } } };
    expect(await refusal(send({ actor }))).toMatchObject({ reason: "CALLER_NOT_ALLOWED" });
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });
}
