import { MemberRole, paginate, service, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { names, openRoom, type Scene } from "./scene.ts";

export function listMembersSuite(scene: () => Scene): void {
  test("members come by user id, in pages; those who left only when asked for", async () => {
    const { maru } = scene();
    const users = names("user", 12);
    const roomId = await openRoom(maru, users.toReversed());
    const gone = users.slice(3, 8);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: gone });
    const walk = async (pageSize: number, includeLeft: boolean) =>
      (await Array.fromAsync(paginate(maru.rooms.listMembers, { roomId, pageSize, includeLeft }))).map(
        ({ userId }) => userId,
      );
    const present = ["root", ...users].filter((userId) => !gone.includes(userId));
    for (const pageSize of [1, 4, 13, 200]) {
      expect(await walk(pageSize, false)).toEqual(present);
      expect(await walk(pageSize, true)).toEqual(["root", ...users]);
    }
  });

  test("members of one role come in the same pages, which may be short or empty before the end", async () => {
    const { maru } = scene();
    const users = names("user", 12);
    const roomId = await openRoom(maru, users);
    const admins = ["root", ...users.slice(8, 11)];
    for (const userId of admins) {
      await maru.rooms.setMemberRole({ roomId, actor: service(), userId, role: MemberRole.ADMIN });
    }
    await maru.rooms.leave({ roomId, actor: user("user-010") });
    const walk = async (request: { role: MemberRole; pageSize: number; includeLeft?: boolean }) =>
      (await Array.fromAsync(paginate(maru.rooms.listMembers, { roomId, ...request }))).map(({ userId }) => userId);
    for (const pageSize of [1, 3, 13, 200]) {
      const [left, present] = [admins, admins.filter((userId) => userId !== "user-010")];
      expect(await walk({ role: MemberRole.ADMIN, pageSize })).toEqual(present);
      expect(await walk({ role: MemberRole.ADMIN, pageSize, includeLeft: true })).toEqual(left);
      const others = users.filter((userId) => !admins.includes(userId));
      expect(await walk({ role: MemberRole.MEMBER, pageSize })).toEqual(others);
      expect(await walk({ role: MemberRole.UNSPECIFIED, pageSize })).toHaveLength(12);
    }
    const first = await maru.rooms.listMembers({ roomId, role: MemberRole.ADMIN, pageSize: 5 });
    expect(first.members.map(({ userId }) => userId)).toEqual(["root"]);
    const wrong = { reason: "PAGE_TOKEN_INVALID", fields: ["page_token"] };
    expect(await refusal(maru.rooms.listMembers({ roomId, pageToken: first.nextPageToken }))).toMatchObject(wrong);
    expect(await refusal(maru.rooms.listMembers({ roomId, role: 9 as MemberRole }))).toMatchObject(invalid("role"));
  });

  test("ids of users are ordered by their bytes, whatever they hold", async () => {
    const { maru } = scene();
    const users = ["Zoe", "a b", "a/b", "a#b", "\u{1F6B2}", "\uFB01", "émile", "user:1@x", "%00", "a".repeat(128)];
    const roomId = await openRoom(maru, users);
    const members = await Array.fromAsync(paginate(maru.rooms.listMembers, { roomId, pageSize: 2 }));
    const sorted = ["root", ...users].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(members.map(({ userId }) => userId)).toEqual(sorted);
  });

  test("a page holds 50 unless asked otherwise, and the last one has no token", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, names("user", 59));
    const first = await maru.rooms.listMembers({ roomId });
    expect(first.members).toHaveLength(50);
    const second = await maru.rooms.listMembers({ roomId, pageToken: first.nextPageToken });
    expect(second.members).toHaveLength(10);
    expect(second.nextPageToken).toBe("");
    expect((await maru.rooms.listMembers({ roomId, pageSize: 60 })).nextPageToken).toBe("");
  });

  test("page sizes and tokens that make no sense are refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, names("user", 5));
    const { nextPageToken } = await maru.rooms.listMembers({ roomId, pageSize: 2 });
    const list = (request: object) => refusal(maru.rooms.listMembers({ roomId, ...request }));
    expect(await list({ pageSize: -1 })).toMatchObject(invalid("page_size"));
    expect(await list({ pageSize: 201 })).toMatchObject(invalid("page_size"));
    expect(await list({ pageToken: "x".repeat(1025) })).toMatchObject(invalid("page_token"));
    const wrong = { reason: "PAGE_TOKEN_INVALID", code: "INVALID_ARGUMENT", fields: ["page_token"] };
    expect(await list({ pageToken: "x" })).toMatchObject(wrong);
    expect(await list({ pageToken: nextPageToken, includeLeft: true })).toMatchObject(wrong);
    const elsewhere = await openRoom(maru, ["ann"]);
    expect(await list({ roomId: elsewhere, pageToken: nextPageToken })).toMatchObject(wrong);
  });
}
