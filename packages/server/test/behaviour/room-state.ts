import { randomUUID } from "node:crypto";
import { service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { refusal } from "./refusal.ts";
import { fresh, openRoom, readLog, type Scene, say } from "./scene.ts";

/** Each change is made on one server while the other has the room in its cache. */
export function roomStateSuite(scene: () => Scene): void {
  test("a frozen room takes notices of the system only, until it is unfrozen", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await say(maru, roomId, "before");
    await say(other, roomId, "before");
    const frozen = await maru.rooms.freeze({ roomId, actor: user("root"), reason: "a fight" });
    expect(frozen.entry).toMatchObject({ seq: 4, stateSeq: 4, type: "room_frozen", actor: user("root") });
    expect(frozen.entry?.body.value).toMatchObject({ reason: "a fight" });
    for (const one of [other, maru]) {
      for (const actor of [user("ann"), user("root"), service()]) {
        const told = await refusal(one.messages.send({ roomId, actor, content: text("now") }));
        expect(told).toMatchObject({ reason: "ROOM_FROZEN", code: "FAILED_PRECONDITION", metadata: { roomId } });
      }
      expect((await one.messages.send({ roomId, actor: system(), content: text("why") })).entry).toBeDefined();
      expect((await one.rooms.get({ roomId })).room).toMatchObject({ frozen: true, stateSeq: 4 });
    }
    const unfrozen = await other.rooms.unfreeze({ roomId, actor: service() });
    expect(unfrozen.entry).toMatchObject({ seq: 7, stateSeq: 7, type: "room_unfrozen" });
    expect(await say(maru, roomId, "after")).toBe(8);
    expect(await say(other, roomId, "after")).toBe(9);
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ frozen: false, stateSeq: 7 });
  });

  test("members come and go in a frozen room, and title and roles may change", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const actor = user("root");
    await maru.rooms.freeze({ roomId, actor });
    await maru.rooms.addMembers({ roomId, actor, members: [{ userId: "bob" }] });
    await maru.rooms.update({ roomId, actor, updateMask: { paths: ["title"] }, title: "Frozen" });
    await maru.rooms.setMemberRole({ roomId, actor, userId: "bob", role: 2 });
    await maru.rooms.leave({ roomId, actor: user("ann") });
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ memberCount: 2, title: "Frozen", lastSeq: 6 });
  });

  test("a closed room takes nothing and can be read", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await say(maru, roomId, "before");
    await say(other, roomId, "before");
    const closed = await maru.rooms.close({ roomId, actor: user("root"), reason: "sold" });
    expect(closed.entry).toMatchObject({ seq: 4, stateSeq: 4, type: "room_closed" });
    expect(closed.entry?.body.value).toMatchObject({ reason: "sold" });
    for (const one of [other, maru]) {
      const change = { roomId, actor: service() };
      const calls = [
        ...[user("ann"), service(), system()].map((actor) =>
          one.messages.send({ roomId, actor, content: text("now") }),
        ),
        one.rooms.addMembers({ ...change, members: [{ userId: "cat" }] }),
        one.rooms.removeMembers({ ...change, userIds: ["ann"] }),
        one.rooms.update({ ...change, updateMask: { paths: ["title"] }, title: "too late" }),
        one.rooms.freeze(change),
        one.rooms.unfreeze(change),
        one.rooms.setMemberRole({ ...change, userId: "ann", role: 2 }),
        one.rooms.muteMember({ ...change, userId: "ann" }),
        one.rooms.leave({ roomId, actor: user("ann") }),
      ];
      for (const told of await Promise.all(calls.map(refusal))) {
        expect(told).toMatchObject({ reason: "ROOM_CLOSED", code: "FAILED_PRECONDITION", metadata: { roomId } });
      }
      expect((await one.rooms.close({ ...change, reason: "again" })).entry).toBeUndefined();
      expect((await one.messages.list({ roomId })).entries).toHaveLength(2);
      expect(await one.reads.markRead({ roomId, actor: user("ann"), seq: 4 })).toMatchObject({
        marker: { readSeq: 4 },
      });
      expect((await one.rooms.hide({ roomId, actor: user("ann") })).member).toMatchObject({ hidden: true });
    }
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ closed: true, memberCount: 2, lastSeq: 4 });
  });

  test("admins, services and the system freeze, unfreeze and close, and nobody else", async () => {
    const { maru } = scene();
    for (const verb of ["freeze", "unfreeze", "close"] as const) {
      for (const actor of [user("root"), service(), system()]) {
        const roomId = await openRoom(maru, ["ann"]);
        if (verb === "unfreeze") await maru.rooms.freeze({ roomId, actor });
        const call = (one: ReturnType<typeof user>) => maru.rooms[verb]({ roomId, actor: one });
        expect(await refusal(call(user("ann")))).toMatchObject({
          reason: "ROLE_REQUIRED",
          code: "PERMISSION_DENIED",
          metadata: { roomId, userId: "ann", role: "MEMBER_ROLE_ADMIN" },
        });
        expect(await refusal(call(user("eve")))).toMatchObject({ reason: "NOT_A_MEMBER", metadata: { userId: "eve" } });
        expect((await call(actor)).entry?.actor?.kind.case).toBe(actor.kind?.case);
      }
    }
  });

  test("nothing is written when the room is so already, and a call that is tried again has its first answer", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, []);
    const change = { roomId, actor: service() };
    expect((await maru.rooms.unfreeze(change)).entry).toBeUndefined();
    const freezing = { ...change, reason: "one", idempotencyKey: randomUUID() };
    const frozen = await maru.rooms.freeze(freezing);
    expect((await other.rooms.freeze({ ...change, reason: "two" })).entry).toBeUndefined();
    const unfreezing = { ...change, idempotencyKey: randomUUID() };
    const unfrozen = await other.rooms.unfreeze(unfreezing);
    expect(await other.rooms.freeze(freezing)).toEqual(frozen);
    expect(await maru.rooms.unfreeze(unfreezing)).toEqual(unfrozen);
    expect(await refusal(other.rooms.freeze({ ...freezing, reason: "other" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      metadata: { roomId, seq: "2" },
    });
    const closing = { ...change, idempotencyKey: randomUUID() };
    const closed = await maru.rooms.close(closing);
    expect(await other.rooms.close(closing)).toEqual(closed);
    expect(await other.rooms.freeze(freezing)).toEqual(frozen);
    expect((await readLog(maru, roomId)).map(({ type }) => type)).toEqual([
      "room_created",
      "room_frozen",
      "room_unfrozen",
      "room_closed",
    ]);
  });

  test("a room that does not exist is not found by any of the calls that change it", async () => {
    const { maru } = scene();
    const roomId = fresh("no-such-room");
    const [byService, byUser] = [
      { roomId, actor: service() },
      { roomId, actor: user("ann") },
    ];
    const calls = [
      maru.rooms.update({ ...byService, updateMask: { paths: ["title"] } }),
      maru.rooms.freeze(byService),
      maru.rooms.unfreeze(byService),
      maru.rooms.close(byService),
      maru.rooms.setMemberRole({ ...byService, userId: "ann", role: 1 }),
      maru.rooms.muteMember({ ...byService, userId: "ann" }),
      maru.rooms.leave(byUser),
      maru.rooms.blockUser({ ...byUser, userId: "bob" }),
      maru.rooms.unblockUser({ ...byUser, userId: "bob" }),
      maru.rooms.hide(byUser),
      maru.rooms.unhide(byUser),
      maru.rooms.muteNotifications(byUser),
    ];
    for (const told of await Promise.all(calls.map(refusal))) {
      expect(told).toMatchObject({ reason: "ROOM_NOT_FOUND", code: "NOT_FOUND", metadata: { roomId } });
    }
  });
}
