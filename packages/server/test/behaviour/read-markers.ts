import { paginate, service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { names, openRoom, readMembers, type Scene, sayMany } from "./scene.ts";

export function readMarkersSuite(scene: () => Scene): void {
  test("a read position only goes forward, whichever server moves it", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 3);
    const mark = async (one: typeof maru, seq: number) =>
      (await one.reads.markRead({ roomId, actor: user("ann"), seq })).marker;
    expect(await mark(maru, 3)).toMatchObject({ roomId, userId: "ann", readSeq: 3 });
    expect(await mark(other, 2)).toMatchObject({ readSeq: 3 });
    expect(await mark(other, 4)).toMatchObject({ readSeq: 4 });
    expect(await mark(maru, 4)).toMatchObject({ readSeq: 4 });
    expect((await readMembers(maru, roomId)).get("ann")?.readSeq).toBe(4);
    expect((await maru.rooms.get({ roomId })).room?.lastSeq).toBe(4);
  });

  test("marks at once over two servers end at the highest", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 9);
    const seqs = [7, 3, 10, 5, 9, 1, 8, 2, 6, 4];
    const marks = seqs.map((seq, n) => (n % 2 ? maru : other).reads.markRead({ roomId, actor: user("ann"), seq }));
    for (const [n, { marker }] of (await Promise.all(marks)).entries()) {
      expect(marker?.readSeq).toBeGreaterThanOrEqual(seqs[n] ?? 0);
    }
    expect((await maru.reads.getReadMarkers({ roomId, userIds: ["ann"] })).markers).toMatchObject([{ readSeq: 10 }]);
  });

  test("a number beyond the end is refused, and nothing moves", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 1);
    for (const one of [maru, other]) {
      expect(await refusal(one.reads.markRead({ roomId, actor: user("ann"), seq: 3 }))).toMatchObject({
        reason: "SEQ_BEYOND_END",
        code: "FAILED_PRECONDITION",
        metadata: { roomId, seq: "3", lastSeq: "2" },
      });
    }
    expect(await refusal(maru.reads.markRead({ roomId, actor: user("ann"), seq: 0 }))).toMatchObject(invalid("seq"));
    expect((await readMembers(maru, roomId)).get("ann")?.readSeq).toBe(0);
  });

  test("who is no member, or no longer one, marks nothing and becomes nobody", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await other.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] });
    for (const userId of ["ann", "eve"]) {
      expect(await refusal(maru.reads.markRead({ roomId, actor: user(userId), seq: 1 }))).toMatchObject({
        reason: "NOT_A_MEMBER",
        code: "PERMISSION_DENIED",
        metadata: { roomId, userId },
      });
    }
    const members = await readMembers(maru, roomId);
    expect([...members.keys()]).toEqual(["ann", "root"]);
    expect(members.get("ann")).toMatchObject({ leftSeq: 2, readSeq: 0 });
  });

  test("services and the system cannot read", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    for (const actor of [service(), system()]) {
      expect(await refusal(maru.reads.markRead({ roomId, actor, seq: 1 }))).toMatchObject({
        reason: "ACTOR_NOT_ALLOWED",
        code: "INVALID_ARGUMENT",
        metadata: { actor: actor.kind?.case },
      });
    }
  });

  test("the markers of the users that are asked for come in that order, without those who are no members", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann", "bob", "cat"]);
    await maru.reads.markRead({ roomId, actor: user("bob"), seq: 1 });
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["cat"] });
    const { markers, nextPageToken } = await maru.reads.getReadMarkers({
      roomId,
      userIds: ["bob", "eve", "cat", "ann"],
    });
    expect(markers).toMatchObject([
      { roomId, userId: "bob", readSeq: 1 },
      { roomId, userId: "ann", readSeq: 0 },
    ]);
    expect(nextPageToken).toBe("");
  });

  test("the markers of all members come in pages", async () => {
    const { maru } = scene();
    const users = names("user", 11);
    const roomId = await openRoom(maru, users);
    await maru.reads.markRead({ roomId, actor: user("user-007"), seq: 1 });
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: users.slice(2, 5) });
    const present = ["root", ...users.filter((userId) => !users.slice(2, 5).includes(userId))];
    for (const pageSize of [1, 3, 12, 200]) {
      const markers = await Array.fromAsync(paginate(maru.reads.getReadMarkers, { roomId, pageSize }));
      expect(markers.map(({ userId }) => userId)).toEqual(present);
      expect(markers.find(({ readSeq }) => readSeq > 0)?.userId).toBe("user-007");
    }
    expect((await maru.reads.getReadMarkers({ roomId, pageSize: 12 })).nextPageToken).toBe("");
  });

  test("a page of the users that are asked for holds no more than is asked for either", async () => {
    const { maru } = scene();
    const users = names("user", 60);
    const roomId = await openRoom(maru, users);
    const first = await maru.reads.getReadMarkers({ roomId, userIds: users });
    expect(first.markers).toHaveLength(50);
    for (const pageSize of [7, 60, 200]) {
      const walk = paginate(maru.reads.getReadMarkers, { roomId, userIds: users.toReversed(), pageSize });
      expect((await Array.fromAsync(walk)).map(({ userId }) => userId)).toEqual(users.toReversed());
    }
  });

  test("users, page sizes and tokens that make no sense are refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, names("user", 5));
    const { nextPageToken } = await maru.reads.getReadMarkers({ roomId, pageSize: 2 });
    const read = (request: object) => refusal(maru.reads.getReadMarkers({ roomId, ...request }));
    expect(await read({ pageSize: -1 })).toMatchObject(invalid("page_size"));
    expect(await read({ pageSize: 201 })).toMatchObject(invalid("page_size"));
    expect(await read({ userIds: names("user", 101) })).toMatchObject(invalid("user_ids"));
    expect(await read({ userIds: ["ann", "ann"] })).toMatchObject(invalid("user_ids"));
    expect(await read({ userIds: ["ann", "b\nb"] })).toMatchObject(invalid("user_ids[1]"));
    const wrong = { reason: "PAGE_TOKEN_INVALID", code: "INVALID_ARGUMENT", fields: ["page_token"] };
    expect(await read({ pageToken: nextPageToken, userIds: ["user-001"] })).toMatchObject(wrong);
    expect(await read({ pageToken: nextPageToken, roomId: await openRoom(maru) })).toMatchObject(wrong);
    expect(await refusal(maru.rooms.listMembers({ roomId, pageToken: nextPageToken }))).toMatchObject(wrong);
  });
}
