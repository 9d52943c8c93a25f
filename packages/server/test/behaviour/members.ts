import { randomUUID } from "node:crypto";
import { MemberRole, service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { admin, member, names, openRoom, readLog, readMembers, type Scene, say } from "./scene.ts";

export function membersSuite(scene: () => Scene): void {
  test("who is added joins with the given role; who is a member already is passed over, named, and keeps the role", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const added = await maru.rooms.addMembers({
      roomId,
      actor: user("root"),
      members: [admin("ann"), { userId: "bob" }, admin("cat")],
    });
    expect(added.alreadyMemberUserIds).toEqual(["ann"]);
    expect(added.entry).toMatchObject({ roomId, seq: 2, stateSeq: 2, type: "members_added", actor: user("root") });
    expect(added.entry?.body.value).toMatchObject({ members: [member("bob"), admin("cat")] });
    expect(Object.fromEntries(await readMembers(maru, roomId))).toMatchObject({
      ann: { role: MemberRole.MEMBER, joinedSeq: 1 },
      bob: { role: MemberRole.MEMBER, joinedSeq: 2 },
      cat: { role: MemberRole.ADMIN, joinedSeq: 2 },
    });
  });

  test("who is removed is named with the reason; who is no member is passed over and named", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const userIds = ["bob", "eve", "ann"];
    const removed = await maru.rooms.removeMembers({ roomId, actor: user("root"), userIds, reason: "spam" });
    expect(removed.notMemberUserIds).toEqual(["eve"]);
    expect(removed.entry).toMatchObject({ seq: 2, stateSeq: 2, type: "members_removed" });
    expect(removed.entry?.body.value).toMatchObject({ userIds: ["bob", "ann"], reason: "spam" });
    expect(Object.fromEntries(await readMembers(maru, roomId))).toMatchObject({
      ann: { joinedSeq: 1, leftSeq: 2 },
      bob: { joinedSeq: 1, leftSeq: 2 },
      root: { leftSeq: 0 },
    });
    expect(await refusal(say(maru, roomId, "still here?", "bob"))).toMatchObject({
      reason: "NOT_A_MEMBER",
      code: "PERMISSION_DENIED",
      metadata: { roomId, userId: "bob" },
    });
  });

  test("nothing is written when nothing changes", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const before = await maru.rooms.get({ roomId });
    const added = await maru.rooms.addMembers({ roomId, actor: service(), members: [admin("ann"), admin("root")] });
    expect(added).toMatchObject({ alreadyMemberUserIds: ["ann", "root"] });
    expect(added.entry).toBeUndefined();
    const removed = await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["eve"] });
    expect(removed).toMatchObject({ notMemberUserIds: ["eve"] });
    expect(removed.entry).toBeUndefined();
    expect(await maru.rooms.get({ roomId })).toEqual(before);
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("members are managed by admins, services and the system, and by nobody else", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const change = (actor: ReturnType<typeof user>, userId: string) => [
      () => maru.rooms.addMembers({ roomId, actor, members: [{ userId }] }),
      () => maru.rooms.removeMembers({ roomId, actor, userIds: [userId] }),
    ];
    for (const call of change(user("ann"), "new")) {
      expect(await refusal(call())).toMatchObject({
        reason: "ROLE_REQUIRED",
        code: "PERMISSION_DENIED",
        metadata: { roomId, userId: "ann", role: "MEMBER_ROLE_ADMIN" },
      });
    }
    for (const call of change(user("eve"), "eve")) {
      expect(await refusal(call())).toMatchObject({ reason: "NOT_A_MEMBER", metadata: { roomId, userId: "eve" } });
    }
    expect(await readLog(maru, roomId)).toHaveLength(1);
    for (const actor of [user("root"), service(), system()]) {
      for (const call of change(actor, "new")) expect((await call()).entry).toBeDefined();
    }
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ memberCount: 2, lastSeq: 7 });
  });

  test("90 users join and leave in one step, and 91 are refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, []);
    const add = (count: number) =>
      maru.rooms.addMembers({ roomId, actor: service(), members: names("user", count).map(member) });
    const remove = (count: number) =>
      maru.rooms.removeMembers({ roomId, actor: service(), userIds: names("user", count) });
    expect(await refusal(add(91))).toMatchObject(invalid("members"));
    expect(await refusal(remove(91))).toMatchObject(invalid("user_ids"));
    expect(await refusal(add(0))).toMatchObject(invalid("members"));
    expect(await refusal(remove(0))).toMatchObject(invalid("user_ids"));
    expect((await add(90)).entry?.seq).toBe(2);
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ memberCount: 91, lastSeq: 2 });
    expect((await remove(90)).entry?.seq).toBe(3);
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ memberCount: 1, lastSeq: 3 });
  });

  test("a user who is named twice is refused, and nobody joins", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, []);
    const members = [member("ann"), admin("ann")];
    const twice = maru.rooms.addMembers({ roomId, actor: service(), members });
    expect(await refusal(twice)).toMatchObject(invalid("members[1].user_id"));
    const userIds = ["root", "root"];
    expect(await refusal(maru.rooms.removeMembers({ roomId, actor: service(), userIds }))).toMatchObject(
      invalid("user_ids"),
    );
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("who joins again has the new role and the old read position", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await maru.reads.markRead({ roomId, actor: user("ann"), seq: await say(maru, roomId, "hi") });
    await maru.rooms.removeMembers({ roomId, actor: user("root"), userIds: ["ann"] });
    await maru.rooms.addMembers({ roomId, actor: user("root"), members: [admin("ann")] });
    expect((await readMembers(maru, roomId)).get("ann")).toMatchObject({
      role: MemberRole.ADMIN,
      joinedSeq: 4,
      leftSeq: 0,
      readSeq: 2,
    });
    expect((await maru.rooms.get({ roomId })).room?.memberCount).toBe(2);
  });

  test("a change of members that is tried again, on the other server, is the first one with its answer", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const adding = {
      roomId,
      actor: user("root"),
      members: [member("ann"), member("bob")],
      idempotencyKey: randomUUID(),
    };
    const added = await maru.rooms.addMembers(adding);
    const removing = { roomId, actor: user("root"), userIds: ["bob", "eve"], idempotencyKey: randomUUID() };
    const removed = await other.rooms.removeMembers(removing);
    expect(await other.rooms.addMembers(adding)).toEqual(added);
    expect(await maru.rooms.removeMembers(removing)).toEqual(removed);
    expect(await readLog(maru, roomId)).toHaveLength(3);
    const reused = { reason: "IDEMPOTENCY_KEY_REUSED", code: "ALREADY_EXISTS" };
    expect(await refusal(other.rooms.addMembers({ ...adding, members: [member("cat")] }))).toMatchObject({
      ...reused,
      metadata: { roomId, seq: "2" },
    });
    expect(await refusal(maru.rooms.removeMembers({ ...removing, reason: "other" }))).toMatchObject({
      ...reused,
      metadata: { roomId, seq: "3" },
    });
  });
}
