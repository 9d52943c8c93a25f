import { type Maru, paginate, service, system, text, user } from "@maru/client";
import type { RoomSummary } from "@maru/protocol";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, openRoom, type Scene, say, sayMany } from "./scene.ts";

export function listRoomsSuite(scene: () => Scene): void {
  const idsOf = (rooms: readonly RoomSummary[]) => rooms.map(({ room }) => found(room).roomId);
  const listOf = async (maru: Maru, userId: string, more: object = {}) =>
    (await maru.rooms.list({ userId, ...more })).rooms;
  const atMs = ({ room }: RoomSummary) => {
    const { seconds, nanos } = found(found(room).lastEntryAt);
    return Number(seconds) * 1000 + nanos / 1e6;
  };

  test("the rooms of a user come by latest activity, whichever server is asked", async () => {
    const { maru, other } = scene();
    const userId = fresh("user");
    const rooms: string[] = [];
    for (let n = 0; n < 4; n++) rooms.push(await openRoom(maru, [userId, "ann"]));
    await openRoom(maru, ["ann"]);
    await say(maru, found(rooms[1]), "the latest");
    for (const one of [maru, other]) {
      const listed = await listOf(one, userId);
      expect(idsOf(listed).toSorted()).toEqual(rooms.toSorted());
      const times = listed.map(atMs);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      expect(idsOf(listed)[0]).toBe(rooms[1]);
    }
    expect(await maru.rooms.list({ userId: fresh("nobody") })).toMatchObject({ rooms: [], partial: false });
  });

  test("a room comes with its state, the user's membership, the last message and what is unread", async () => {
    const { maru, other } = scene();
    const userId = fresh("user");
    const roomId = await openRoom(maru, [userId, "ann"]);
    await sayMany(maru, roomId, 3);
    await maru.reads.markRead({ roomId, actor: user(userId), seq: 2 });
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "cat" }] });
    const [summary] = await listOf(other, userId);
    expect(summary).toMatchObject({
      room: { roomId, lastSeq: 5, stateSeq: 5, memberCount: 4 },
      member: { roomId, userId, readSeq: 2, joinedSeq: 1, hidden: false },
      lastMessage: { roomId, seq: 4, body: { case: "messageSent" } },
      unread: { roomId, userId, readSeq: 2, unreadCount: 2, mentionCount: 0, firstUnreadSeq: 3, capped: false },
    });
    expect(summary?.room).toEqual((await maru.rooms.get({ roomId })).room);
    await maru.reads.markRead({ roomId, actor: user(userId), seq: 5 });
    expect((await listOf(other, userId))[0]?.unread).toMatchObject({ readSeq: 5, unreadCount: 0 });
  });

  test("the list comes in pages, each room once", async () => {
    const { maru, other } = scene();
    const userId = fresh("user");
    const made = await Promise.all(Array.from({ length: 11 }, () => openRoom(maru, [userId])));
    const whole = idsOf(await listOf(maru, userId));
    expect(whole.toSorted()).toEqual(made.toSorted());
    for (const pageSize of [1, 4, 11, 200]) {
      const walked = await Array.fromAsync(paginate(other.rooms.list, { userId, pageSize }));
      expect(idsOf(walked)).toEqual(whole);
    }
    expect((await maru.rooms.list({ userId, pageSize: 11 })).nextPageToken).toBe("");
  });

  test("only rooms of the kinds that are asked for, and none that the user left", async () => {
    const { maru } = scene();
    const userId = fresh("user");
    const make = async (kind: string) =>
      found((await maru.rooms.create({ actor: service(), kind, members: [{ userId }] })).room).roomId;
    const [group, support, left] = [await make("group"), await make("support"), await make("group")];
    await maru.rooms.removeMembers({ roomId: left, actor: service(), userIds: [userId] });
    const { room } = await maru.rooms.findOrCreateDirect({
      actor: service(),
      kind: "direct",
      subject: fresh("listing"),
      userIds: [userId, "ann"],
    });
    const direct = found(room).roomId;
    const of = async (...kinds: string[]) => idsOf(await listOf(maru, userId, { kinds })).toSorted();
    expect(await of()).toEqual([group, support, direct].toSorted());
    expect(await of("group")).toEqual([group]);
    expect(await of("support", "direct")).toEqual([support, direct].toSorted());
    expect(await of("unheard-of")).toEqual([]);
    await maru.rooms.addMembers({ roomId: left, actor: service(), members: [{ userId }] });
    expect(await of("group")).toEqual([group, left].toSorted());
  });

  test("a hidden room is left out until the next message", async () => {
    const { maru, other, world } = scene();
    const userId = fresh("user");
    const roomId = await openRoom(maru, [userId, "ann"]);
    const seq = await say(maru, roomId, "before");
    await world.store.setMemberSettings(roomId, userId, { hiddenSeq: seq });
    for (const one of [maru, other]) {
      expect(await listOf(one, userId)).toEqual([]);
      expect(await listOf(one, userId, { includeHidden: true })).toMatchObject([
        { room: { roomId }, member: { hidden: true, hiddenSeq: seq } },
      ]);
    }
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "cat" }] });
    const held = { roomId, actor: user("ann"), content: text("secret"), holdMs: 600_000 };
    const heldSeq = found((await maru.messages.send(held)).entry).seq;
    expect(await listOf(other, userId)).toEqual([]);
    await maru.messages.commit({ roomId, actor: service(), seq: heldSeq });
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "dan" }] });
    expect(await listOf(other, userId)).toMatchObject([{ room: { roomId }, member: { hidden: false } }]);
  });

  test("the last message is one that the user sees, and is found among the newest entries", async () => {
    const { maru } = scene();
    const userId = fresh("user");
    const roomId = await openRoom(maru, [userId, "ann"]);
    const lastOf = async () => (await listOf(maru, userId))[0]?.lastMessage;
    expect(await lastOf()).toBeUndefined();
    const seq = await say(maru, roomId, "seen");
    await maru.messages.send({ roomId, actor: user("ann"), content: text("secret"), holdMs: 600_000 });
    expect(await lastOf()).toMatchObject({ seq });
    await maru.messages.send({ roomId, actor: system(), content: text("a notice") });
    expect(await lastOf()).toMatchObject({ seq: seq + 2, actor: { kind: { case: "system" } } });
    for (let n = 0; n < 20; n++) {
      await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: fresh("user") }] });
    }
    expect(await lastOf()).toBeUndefined();
  });

  test("a list that is asked for many times at once is right for each who asks", async () => {
    const { maru } = scene();
    const userId = fresh("user");
    const roomId = await openRoom(maru, [userId, "ann"]);
    for (let round = 0; round < 5; round++) {
      const before = Array.from({ length: 6 }, () => listOf(maru, userId));
      const seq = await say(maru, roomId, `round ${round}`);
      const [summary] = await listOf(maru, userId);
      expect(summary?.lastMessage?.seq).toBe(seq);
      await Promise.all(before);
    }
  });

  test("page sizes, kinds and tokens that make no sense are refused", async () => {
    const { maru } = scene();
    const userId = fresh("user");
    await Promise.all([openRoom(maru, [userId]), openRoom(maru, [userId])]);
    const { nextPageToken: pageToken } = await maru.rooms.list({ userId, pageSize: 1 });
    expect(pageToken).not.toBe("");
    expect(await refusal(maru.rooms.list({ userId: "another", pageToken }))).toMatchObject({
      reason: "PAGE_TOKEN_INVALID",
    });
    expect(await refusal(maru.rooms.list({ userId, includeHidden: true, pageToken }))).toMatchObject({
      reason: "PAGE_TOKEN_INVALID",
    });
    expect(await refusal(maru.rooms.list({ userId, pageSize: 201 }))).toMatchObject(invalid("page_size"));
    expect(await refusal(maru.rooms.list({ userId, kinds: ["No Kind"] }))).toMatchObject(invalid("kinds[0]"));
    expect(await refusal(maru.rooms.list({ userId: "" }))).toMatchObject(invalid("user_id"));
  });
}
