import { randomUUID } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { MemberRole, service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { admin, found, member, openRoom, readLog, readMembers, type Scene, say } from "./scene.ts";

/** What users do with their own membership. */
export function ownMembershipSuite(scene: () => Scene): void {
  test("who leaves is no member on any server, and is counted no more", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await say(other, roomId, "before");
    const left = await maru.rooms.leave({ roomId, actor: user("ann") });
    expect(left.entry).toMatchObject({ seq: 3, stateSeq: 3, type: "member_left", actor: user("ann") });
    expect(left.entry?.body.value).toMatchObject({ userId: "ann" });
    expect(await refusal(say(other, roomId, "after"))).toMatchObject({ reason: "NOT_A_MEMBER" });
    expect((await readMembers(other, roomId)).get("ann")).toMatchObject({ joinedSeq: 1, leftSeq: 3 });
    expect((await other.rooms.get({ roomId })).room).toMatchObject({ memberCount: 2, stateSeq: 3 });
  });

  test("who is no member changes nothing by leaving; who tries again has the first answer", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const request = { roomId, actor: user("ann"), idempotencyKey: randomUUID() };
    const left = await maru.rooms.leave(request);
    expect(await other.rooms.leave(request)).toEqual(left);
    for (const userId of ["ann", "eve"]) {
      expect((await other.rooms.leave({ roomId, actor: user(userId) })).entry).toBeUndefined();
    }
    expect([...(await readMembers(maru, roomId)).keys()]).toEqual(["ann", "root"]);
    expect(await readLog(maru, roomId)).toHaveLength(2);
  });

  test("of 16 tries at once to leave over two servers one is written", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const tries = Array.from({ length: 16 }, (_, n) =>
      (n % 2 ? maru : other).rooms.leave({ roomId, actor: user("ann") }),
    );
    expect((await Promise.all(tries)).filter(({ entry }) => entry !== undefined)).toHaveLength(1);
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ memberCount: 1, lastSeq: 2 });
  });

  test("who joins again has the new role and number, and keeps read position, mute and settings", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const mutedUntil = timestampFromMs(Date.now() + 3_600_000);
    await maru.reads.markRead({ roomId, actor: user("ann"), seq: await say(maru, roomId, "hi") });
    await maru.rooms.muteMember({ roomId, actor: user("root"), userId: "ann", mutedUntil });
    await maru.rooms.muteNotifications({ roomId, actor: user("ann"), mutedUntil });
    await maru.rooms.hide({ roomId, actor: user("ann") });
    await other.rooms.leave({ roomId, actor: user("ann") });
    await maru.rooms.addMembers({ roomId, actor: service(), members: [admin("ann")] });
    const wanted = { role: MemberRole.ADMIN, joinedSeq: 5, leftSeq: 0, readSeq: 2, hiddenSeq: 3 };
    expect((await readMembers(other, roomId)).get("ann")).toMatchObject({
      ...wanted,
      mutedUntil,
      notificationsMutedUntil: mutedUntil,
    });
    for (const one of [maru, other]) {
      expect(await refusal(say(one, roomId, "still muted"))).toMatchObject({ reason: "MEMBER_MUTED" });
    }
  });

  test("a hidden room is hidden until the next message, and no other entry shows it", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await say(maru, roomId, "old");
    const hidden = await maru.rooms.hide({ roomId, actor: user("ann") });
    expect(hidden.member).toMatchObject({ roomId, userId: "ann", hidden: true, hiddenSeq: 2, joinedSeq: 1 });
    await other.rooms.addMembers({ roomId, actor: service(), members: [member("cat")] });
    expect((await readMembers(other, roomId)).get("ann")).toMatchObject({ hiddenSeq: 2 });
    expect((await readMembers(other, roomId)).get("bob")).toMatchObject({ hiddenSeq: 0 });
    expect((await other.rooms.hide({ roomId, actor: user("ann") })).member).toMatchObject({ hiddenSeq: 3 });
    const shown = await other.rooms.unhide({ roomId, actor: user("ann") });
    expect(shown.member).toMatchObject({ hidden: false, hiddenSeq: 0 });
    expect((await readMembers(maru, roomId)).get("ann")).toMatchObject({ hiddenSeq: 0, leftSeq: 0 });
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("notifications are muted until a time, and a time that has passed takes it back", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const mute = async (one: typeof maru, mutedUntil?: ReturnType<typeof timestampFromMs>) =>
      found((await one.rooms.muteNotifications({ roomId, actor: user("ann"), mutedUntil })).member);
    const later = { ...timestampFromMs(Date.now() + 3_600_000), nanos: 123_456_789 };
    expect((await mute(maru, later)).notificationsMutedUntil).toEqual(later);
    expect((await readMembers(other, roomId)).get("ann")?.notificationsMutedUntil).toEqual(later);
    expect((await mute(other, timestampFromMs(Date.now() - 1))).notificationsMutedUntil).toBeUndefined();
    await mute(maru, later);
    expect((await mute(other)).notificationsMutedUntil).toBeUndefined();
    await mute(maru, later);
    expect(await say(maru, roomId, "writing goes on, and is the first entry since")).toBe(2);
  });

  test("only users leave, hide and mute notifications, and they only as members", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await maru.rooms.leave({ roomId, actor: user("ann") });
    const calls = (actor: ReturnType<typeof user>) => [
      maru.rooms.hide({ roomId, actor }),
      maru.rooms.unhide({ roomId, actor }),
      maru.rooms.muteNotifications({ roomId, actor }),
    ];
    for (const actor of [service(), system()]) {
      for (const told of await Promise.all([...calls(actor), maru.rooms.leave({ roomId, actor })].map(refusal))) {
        expect(told).toMatchObject({
          reason: "ACTOR_NOT_ALLOWED",
          code: "INVALID_ARGUMENT",
          metadata: { actor: actor.kind?.case },
        });
      }
    }
    for (const userId of ["ann", "eve"]) {
      for (const told of await Promise.all(calls(user(userId)).map(refusal))) {
        expect(told).toMatchObject({ reason: "NOT_A_MEMBER", metadata: { roomId, userId } });
      }
    }
    expect([...(await readMembers(maru, roomId)).keys()]).toEqual(["ann", "root"]);
    const mutedUntil = { seconds: 253_402_300_800n };
    expect(await refusal(maru.rooms.muteNotifications({ roomId, actor: user("root"), mutedUntil }))).toMatchObject(
      invalid("muted_until"),
    );
  });
}
