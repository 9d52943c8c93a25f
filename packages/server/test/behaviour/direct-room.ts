import { randomUUID } from "node:crypto";
import { service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, names, readLog, readMembers, type Scene, say } from "./scene.ts";

export function directRoomSuite(scene: () => Scene): void {
  const pair = (ann = fresh("ann"), bob = fresh("bob")) => ({
    actor: user(ann),
    kind: "direct",
    subject: "listing-7",
    userIds: [bob, ann],
  });

  test("the users of a direct room find it whoever asks and in whatever order they are named", async () => {
    const { maru, other } = scene();
    const request = pair();
    const [bob, ann] = request.userIds as [string, string];
    const made = await maru.rooms.findOrCreateDirect({ ...request, title: "Bicycle", attributes: { price: "120" } });
    expect(made).toMatchObject({
      created: true,
      room: {
        kind: "direct",
        subject: "listing-7",
        title: "Bicycle",
        attributes: { price: "120" },
        memberCount: 2,
        lastSeq: 1,
        directUserIds: [ann, bob],
      },
    });
    const asked = { ...request, actor: user(bob), userIds: [ann, bob], title: "not used", attributes: { not: "used" } };
    expect(await other.rooms.findOrCreateDirect(asked)).toEqual({ ...made, created: false });
    expect([...(await readMembers(maru, found(made.room).roomId)).keys()]).toEqual([ann, bob]);
  });

  test("another subject, another kind and other users are other rooms", async () => {
    const { maru } = scene();
    const request = pair();
    const rooms = await Promise.all(
      [
        request,
        { ...request, subject: "listing-8" },
        { ...request, subject: "" },
        { ...request, kind: "support" },
        { ...request, userIds: [...request.userIds, "cat"] },
        { ...request, userIds: request.userIds.slice(1) },
      ].map((one) => maru.rooms.findOrCreateDirect(one)),
    );
    expect(new Set(rooms.map(({ room }) => room?.roomId)).size).toBe(6);
    expect(rooms.map(({ created }) => created)).not.toContain(false);
  });

  test("64 callers over two servers at once make one room, and one of them is told that it made it", async () => {
    const { maru, other } = scene();
    const request = pair();
    const answers = await Promise.all(
      names("caller", 64).map((_, index) =>
        (index % 2 === 0 ? maru : other).rooms.findOrCreateDirect({
          ...request,
          actor: user(request.userIds[index % 4 < 2 ? 0 : 1] as string),
        }),
      ),
    );
    expect(new Set(answers.map(({ room }) => room?.roomId)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await readLog(maru, found(answers[0]?.room).roomId)).toMatchObject([{ seq: 1, type: "room_created" }]);
  });

  test("who tries again with the same key hears again who made the room; another request with it is refused", async () => {
    const { maru, other } = scene();
    const request = { ...pair(), title: "one", idempotencyKey: randomUUID() };
    const made = await maru.rooms.findOrCreateDirect(request);
    expect(await other.rooms.findOrCreateDirect(request)).toEqual(made);
    expect(await refusal(other.rooms.findOrCreateDirect({ ...request, title: "two" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      code: "ALREADY_EXISTS",
      metadata: { roomId: made.room?.roomId, seq: "1" },
    });
  });

  test("who left after the call that made the room or joined it again is not brought back by a repetition of it", async () => {
    const { maru, other } = scene();
    const making = { ...pair(), idempotencyKey: randomUUID() };
    const [, ann] = making.userIds as [string, string];
    const made = await maru.rooms.findOrCreateDirect(making);
    const { roomId } = found(made.room);
    const leave = () => other.rooms.leave({ roomId, actor: user(ann) });
    const isPresent = async () => (await readMembers(other, roomId)).get(ann)?.leftSeq === 0;

    await leave();
    expect(await maru.rooms.findOrCreateDirect(making)).toMatchObject({ created: true, room: { roomId } });
    expect(await isPresent()).toBe(false);

    for (const idempotencyKey of [randomUUID(), "join-again"]) {
      const joining = { ...making, idempotencyKey };
      const joined = await maru.rooms.findOrCreateDirect(joining);
      expect(joined).toMatchObject({ created: false, room: { memberCount: 2 } });
      expect(await isPresent()).toBe(true);
      await leave();
      for (const server of [maru, other]) {
        expect(await server.rooms.findOrCreateDirect(joining)).toMatchObject({ created: false, room: { roomId } });
      }
      expect(await isPresent()).toBe(false);
      expect(await refusal(other.rooms.findOrCreateDirect({ ...joining, title: "another" }))).toMatchObject({
        reason: "IDEMPOTENCY_KEY_REUSED",
        metadata: { roomId, seq: String(joined.room?.lastSeq) },
      });
    }
  });

  test("a user who was removed joins again by asking, keeps the read position, and brings nobody else back", async () => {
    const { maru, other } = scene();
    const request = pair();
    const [bob, ann] = request.userIds as [string, string];
    const { roomId } = found((await maru.rooms.findOrCreateDirect(request)).room);
    await maru.reads.markRead({ roomId, actor: user(ann), seq: await say(maru, roomId, "hi", ann) });
    await other.rooms.removeMembers({ roomId, actor: service(), userIds: [ann, bob] });
    expect(await refusal(say(maru, roomId, "anybody?", ann))).toMatchObject({ reason: "NOT_A_MEMBER" });

    const again = await maru.rooms.findOrCreateDirect(request);
    expect(again).toMatchObject({ created: false, room: { roomId, memberCount: 1, lastSeq: 4, stateSeq: 4 } });
    const members = await readMembers(other, roomId);
    expect(members.get(ann)).toMatchObject({ joinedSeq: 4, leftSeq: 0, readSeq: 2 });
    expect(members.get(bob)).toMatchObject({ joinedSeq: 1, leftSeq: 3 });
    expect(await say(other, roomId, "back", ann)).toBe(5);
  });

  test("a user must be one of the users; a service and the system may ask for others and bring nobody back", async () => {
    const { maru } = scene();
    const request = pair();
    const [, ann] = request.userIds as [string, string];
    const stranger = maru.rooms.findOrCreateDirect({ ...request, actor: user("eve") });
    expect(await refusal(stranger)).toMatchObject(invalid("actor.user_id"));
    const { room } = await maru.rooms.findOrCreateDirect({ ...request, actor: service() });
    const { roomId } = found(room);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: [ann] });
    const asked = await maru.rooms.findOrCreateDirect({ ...request, actor: system() });
    expect(asked).toMatchObject({ created: false, room: { roomId, memberCount: 1, lastSeq: 2 } });
  });

  test("nobody joins a closed room again", async () => {
    const { maru, other } = scene();
    const request = pair();
    const [, ann] = request.userIds as [string, string];
    const { roomId } = found((await maru.rooms.findOrCreateDirect(request)).room);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: [ann] });
    await other.rooms.close({ roomId, actor: service(), reason: "sold" });
    expect(await refusal(maru.rooms.findOrCreateDirect(request))).toMatchObject({
      reason: "ROOM_CLOSED",
      code: "FAILED_PRECONDITION",
      metadata: { roomId },
    });
  });

  test("one to eight users, each named once", async () => {
    const { maru } = scene();
    const ask = (userIds: string[]) => maru.rooms.findOrCreateDirect({ ...pair(), actor: service(), userIds });
    expect((await ask(names(fresh("user"), 8))).room?.memberCount).toBe(8);
    expect(await refusal(ask(names("user", 9)))).toMatchObject(invalid("user_ids"));
    expect(await refusal(ask([]))).toMatchObject(invalid("user_ids"));
    expect(await refusal(ask(["ann", "ann"]))).toMatchObject(invalid("user_ids"));
    expect(await refusal(ask(["ann", ""]))).toMatchObject(invalid("user_ids[1]"));
    expect(await refusal(ask(["ann", "#held#0"]))).toMatchObject(invalid("user_ids[1]"));
  });
}
