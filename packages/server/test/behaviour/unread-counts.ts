import { type Maru, service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { fillRoom } from "./fill-room.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, names, openRoom, type Scene, say, sayMany } from "./scene.ts";

export function unreadCountsSuite(scene: () => Scene): void {
  const unreadOf = async (maru: Maru, roomId: string, userId: string) =>
    found((await maru.reads.getUnreadCount({ roomId, userId })).unread);

  test("what others wrote since the user joined and read is unread, whichever server is asked", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await sayMany(maru, roomId, 3);
    await say(maru, roomId, "mine", "bob");
    for (const one of [maru, other]) {
      expect(await unreadOf(one, roomId, "bob")).toMatchObject({
        ...{ roomId, userId: "bob", readSeq: 0, unreadCount: 3, mentionCount: 0, firstUnreadSeq: 2, capped: false },
      });
      expect(await unreadOf(one, roomId, "ann")).toMatchObject({ unreadCount: 1, firstUnreadSeq: 5 });
    }
    await maru.reads.markRead({ roomId, actor: user("bob"), seq: 3 });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ readSeq: 3, unreadCount: 1, firstUnreadSeq: 4 });
    await maru.reads.markRead({ roomId, actor: user("bob"), seq: 5 });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ readSeq: 5, unreadCount: 0, firstUnreadSeq: 0 });
  });

  test("who joins later has nothing to read of before, also who comes back", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await sayMany(maru, roomId, 2);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["bob"] });
    await sayMany(maru, roomId, 2);
    await other.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }, { userId: "cat" }] });
    const seq = await say(maru, roomId, "welcome");
    for (const userId of ["bob", "cat"]) {
      expect(await unreadOf(other, roomId, userId)).toMatchObject({ unreadCount: 1, firstUnreadSeq: seq });
    }
  });

  test("mentions by name and of everybody are counted apart", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann", "bob", "cat"]);
    const mention = (...userIds: string[]) => userIds.map((value) => ({ target: { case: "userId" as const, value } }));
    const tell = (userId: string, mentions: Parameters<Maru["messages"]["send"]>[0]["mentions"]) =>
      maru.messages.send({ roomId, actor: user(userId), content: text("hey"), ...(mentions && { mentions }) });
    await tell("ann", mention("bob", "cat"));
    await tell("ann", mention("bob", "bob"));
    await tell("ann", [{ target: { case: "everybody", value: {} } }]);
    await tell("bob", mention("bob"));
    await tell("ann", []);
    expect(await unreadOf(maru, roomId, "bob")).toMatchObject({ unreadCount: 4, mentionCount: 3 });
    expect(await unreadOf(maru, roomId, "cat")).toMatchObject({ unreadCount: 5, mentionCount: 2 });
    expect(await unreadOf(maru, roomId, "ann")).toMatchObject({ unreadCount: 1, mentionCount: 0 });
  });

  test("notices of the system count only if they say so; what a service says counts", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const notice = (countsAsUnread: boolean) => ({
      kind: { case: "system" as const, value: { code: "price_changed", countsAsUnread } },
    });
    for (const actor of [service(), system()]) {
      await maru.messages.send({ roomId, actor, content: notice(false) });
      await maru.messages.send({ roomId, actor, content: notice(true) });
      await maru.messages.send({ roomId, actor, content: text("words") });
    }
    expect(await unreadOf(maru, roomId, "ann")).toMatchObject({ unreadCount: 3, firstUnreadSeq: 3 });
  });

  test("what is held counts when it is committed, and what was deleted does not", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const held = { roomId, actor: user("ann"), content: text("in two steps"), holdMs: 600_000 };
    const seq = found((await maru.messages.send(held)).entry).seq;
    const last = await say(maru, roomId, "behind it");
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 1, firstUnreadSeq: last });
    await maru.reads.markRead({ roomId, actor: user("bob"), seq: last });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 0 });
    await maru.messages.commit({ roomId, actor: service(), seq });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 1, firstUnreadSeq: seq });
    expect(await unreadOf(other, roomId, "ann")).toMatchObject({ unreadCount: 0 });
    await maru.messages.delete({ roomId, actor: user("ann"), seq });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 0 });
  });

  test("beyond the entries that are read at most the count says that it is capped", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const last = await fillRoom(world.store, roomId, 1_005);
    expect(last).toBe(1_006);
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 1_000, capped: true, firstUnreadSeq: 2 });
    await maru.reads.markRead({ roomId, actor: user("bob"), seq: 6 });
    expect(await unreadOf(other, roomId, "bob")).toMatchObject({ unreadCount: 1_000, capped: false });
    await maru.reads.markRead({ roomId, actor: user("ann"), seq: 5 });
    const members = ["ann", "bob", "root"].map((userId) => ({ roomId, userId }));
    expect((await other.reads.batchGetUnreadCounts({ members })).unreads).toMatchObject([
      { userId: "ann", unreadCount: 1_000, capped: true },
      { userId: "bob", unreadCount: 1_000, capped: false },
      { userId: "root", unreadCount: 1_000, capped: true },
    ]);
  });

  test("the counts of many members at once are those that each call would give", async () => {
    const { maru, other } = scene();
    const users = names("user", 6);
    const rooms = await Promise.all([1, 2, 3].map(() => openRoom(maru, ["ann", ...users])));
    for (const [n, roomId] of rooms.entries()) {
      const seqs = await sayMany(maru, roomId, 4 + n);
      for (const [i, userId] of users.entries()) {
        const seq = seqs[i];
        if (seq !== undefined && i > 0) await maru.reads.markRead({ roomId, actor: user(userId), seq });
      }
    }
    await maru.rooms.removeMembers({ roomId: found(rooms[1]), actor: service(), userIds: ["user-003"] });
    const members = rooms.flatMap((roomId) => [...users, "eve"].map((userId) => ({ roomId, userId })));
    const unknown = { roomId: fresh("room"), userId: "ann" };
    const { unreads, missing } = await other.reads.batchGetUnreadCounts({ members: [...members, unknown] });
    expect(missing).toMatchObject([
      { roomId: rooms[0], userId: "eve" },
      { roomId: rooms[1], userId: "user-003" },
      { roomId: rooms[1], userId: "eve" },
      { roomId: rooms[2], userId: "eve" },
      unknown,
    ]);
    const isMissing = (one: { roomId: string; userId: string }) =>
      missing.some(({ roomId, userId }) => roomId === one.roomId && userId === one.userId);
    const alone = members.filter((one) => !isMissing(one)).map((one) => unreadOf(maru, one.roomId, one.userId));
    expect(unreads).toEqual(await Promise.all(alone));
    expect(unreads.map(({ unreadCount }) => unreadCount).some((count) => count > 1)).toBe(true);
  });

  test("who is no member has no count; nor has a room that does not exist", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] });
    for (const userId of ["ann", "eve"]) {
      expect(await refusal(maru.reads.getUnreadCount({ roomId, userId }))).toMatchObject({
        reason: "MEMBER_NOT_FOUND",
        code: "NOT_FOUND",
        metadata: { roomId, userId },
      });
    }
    const unknown = fresh("room");
    expect(await refusal(maru.reads.getUnreadCount({ roomId: unknown, userId: "ann" }))).toMatchObject({
      reason: "ROOM_NOT_FOUND",
      metadata: { roomId: unknown },
    });
  });

  test("requests that make no sense are refused", async () => {
    const { maru } = scene();
    const member = { roomId: "r", userId: "ann" };
    expect(await refusal(maru.reads.batchGetUnreadCounts({ members: [] }))).toMatchObject(invalid("members"));
    expect(
      await refusal(maru.reads.batchGetUnreadCounts({ members: Array.from({ length: 101 }, () => member) })),
    ).toMatchObject(invalid("members"));
    expect(await refusal(maru.reads.getUnreadCount({ roomId: "r", userId: "" }))).toMatchObject(invalid("user_id"));
  });
}
