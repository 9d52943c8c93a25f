import { randomUUID } from "node:crypto";
import { service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, readMembers, type Scene, say } from "./scene.ts";

export function blockUserSuite(scene: () => Scene): void {
  /** A direct room of these users that no other test has. */
  async function meet(...userIds: string[]): Promise<string> {
    const request = { actor: service(), kind: "direct", subject: randomUUID(), userIds };
    return found((await scene().maru.rooms.findOrCreateDirect(request)).room).roomId;
  }

  test("neither of the two can write until who blocked takes it back; services can", async () => {
    const { maru, other } = scene();
    const roomId = await meet("ann", "bob");
    await say(other, roomId, "before");
    const blocked = await maru.rooms.blockUser({ roomId, actor: user("ann"), userId: "bob" });
    expect(blocked.entry).toMatchObject({ seq: 3, stateSeq: 3, type: "user_blocked", actor: user("ann") });
    expect(blocked.entry?.body.value).toMatchObject({ byUserId: "ann", userId: "bob" });
    for (const one of [other, maru]) {
      for (const userId of ["ann", "bob"]) {
        expect(await refusal(say(one, roomId, "now", userId))).toMatchObject({
          reason: "USER_BLOCKED",
          code: "PERMISSION_DENIED",
          metadata: { roomId, byUserId: "ann", userId: "bob" },
        });
      }
      expect((await one.messages.send({ roomId, actor: service(), content: text("paid") })).entry).toBeDefined();
    }
    expect((await readMembers(other, roomId)).get("ann")?.blockedUserIds).toEqual(["bob"]);
    // The other one has nothing to take back.
    expect((await other.rooms.unblockUser({ roomId, actor: user("bob"), userId: "ann" })).entry).toBeUndefined();
    const unblocked = await other.rooms.unblockUser({ roomId, actor: user("ann"), userId: "bob" });
    expect(unblocked.entry).toMatchObject({ type: "user_unblocked" });
    expect(unblocked.entry?.body.value).toMatchObject({ byUserId: "ann", userId: "bob" });
    expect((await readMembers(other, roomId)).get("ann")?.blockedUserIds).toEqual([]);
    expect(await say(maru, roomId, "after", "bob")).toBe(7);
    expect(await say(other, roomId, "after", "ann")).toBe(8);
  });

  test("when both have blocked, both must take it back", async () => {
    const { maru, other } = scene();
    const roomId = await meet("ann", "bob");
    await Promise.all([
      maru.rooms.blockUser({ roomId, actor: user("ann"), userId: "bob" }),
      other.rooms.blockUser({ roomId, actor: user("bob"), userId: "ann" }),
    ]);
    await maru.rooms.unblockUser({ roomId, actor: user("ann"), userId: "bob" });
    expect(await refusal(say(maru, roomId, "now", "ann"))).toMatchObject({
      reason: "USER_BLOCKED",
      metadata: { byUserId: "bob", userId: "ann" },
    });
    await other.rooms.unblockUser({ roomId, actor: user("bob"), userId: "ann" });
    expect(await say(maru, roomId, "after", "ann")).toBe(6);
  });

  test("nothing is written when it is so already, and a call that is tried again has its first answer", async () => {
    const { maru, other } = scene();
    const roomId = await meet("ann", "bob");
    const request = { roomId, actor: user("ann"), userId: "bob", idempotencyKey: randomUUID() };
    const blocked = await maru.rooms.blockUser(request);
    expect((await other.rooms.blockUser({ ...request, idempotencyKey: "" })).entry).toBeUndefined();
    const unblocking = { ...request, idempotencyKey: randomUUID() };
    const unblocked = await other.rooms.unblockUser(unblocking);
    expect((await maru.rooms.unblockUser({ ...request, idempotencyKey: "" })).entry).toBeUndefined();
    expect(await other.rooms.blockUser(request)).toEqual(blocked);
    expect(await maru.rooms.unblockUser(unblocking)).toEqual(unblocked);
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("a block outlasts leaving and coming back, and who has left can be blocked", async () => {
    const { maru } = scene();
    const subject = randomUUID();
    const find = (userId: string) =>
      maru.rooms.findOrCreateDirect({ actor: user(userId), kind: "direct", subject, userIds: ["ann", "bob"] });
    const { roomId } = found((await find("ann")).room);
    await maru.rooms.leave({ roomId, actor: user("bob") });
    await maru.rooms.blockUser({ roomId, actor: user("ann"), userId: "bob" });
    await maru.rooms.leave({ roomId, actor: user("ann") });
    expect(await refusal(maru.rooms.unblockUser({ roomId, actor: user("ann"), userId: "bob" }))).toMatchObject({
      reason: "NOT_A_MEMBER",
    });
    await find("bob");
    expect(await refusal(say(maru, roomId, "hello?", "bob"))).toMatchObject({ reason: "USER_BLOCKED" });
    await find("ann");
    expect((await readMembers(maru, roomId)).get("ann")).toMatchObject({ leftSeq: 0, blockedUserIds: ["bob"] });
    expect(await refusal(say(maru, roomId, "hello?", "ann"))).toMatchObject({ reason: "USER_BLOCKED" });
  });

  test("only the users who define a direct room block one another", async () => {
    const { maru } = scene();
    const roomId = await meet("ann", "bob");
    const both = (actor: ReturnType<typeof user>, userId: string, where = roomId) => [
      maru.rooms.blockUser({ roomId: where, actor, userId }),
      maru.rooms.unblockUser({ roomId: where, actor, userId }),
    ];
    for (const told of await Promise.all(both(user("ann"), "eve").map(refusal))) {
      expect(told).toMatchObject({
        reason: "MEMBER_NOT_FOUND",
        code: "NOT_FOUND",
        metadata: { roomId, userId: "eve" },
      });
    }
    for (const told of await Promise.all(both(user("eve"), "ann").map(refusal)))
      expect(told).toMatchObject({ reason: "NOT_A_MEMBER" });
    for (const told of await Promise.all(both(user("ann"), "ann").map(refusal)))
      expect(told).toMatchObject(invalid("user_id"));
    for (const actor of [service(), system()]) {
      for (const told of await Promise.all(both(actor, "ann").map(refusal))) {
        expect(told).toMatchObject({
          reason: "ACTOR_NOT_ALLOWED",
          code: "INVALID_ARGUMENT",
          metadata: { actor: actor.kind?.case },
        });
      }
    }
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "cat" }] });
    for (const told of await Promise.all(both(user("cat"), "ann").map(refusal))) {
      expect(told).toMatchObject({ reason: "ACTOR_NOT_ALLOWED", metadata: { actor: "user" } });
    }
    const group = await openRoom(maru, ["ann", "bob"]);
    for (const told of await Promise.all(both(user("ann"), "bob", group).map(refusal))) {
      expect(told).toMatchObject({
        reason: "ROOM_NOT_DIRECT",
        code: "FAILED_PRECONDITION",
        metadata: { roomId: group },
      });
    }
    await maru.rooms.close({ roomId, actor: service() });
    for (const told of await Promise.all(both(user("ann"), "bob").map(refusal)))
      expect(told).toMatchObject({ reason: "ROOM_CLOSED" });
  });
}
