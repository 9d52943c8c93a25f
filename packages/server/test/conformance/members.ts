import assert from "node:assert/strict";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { service, text, user } from "@maru/client";
import { MemberRole } from "@maru/protocol";
import type { ConformanceCase } from "./conformance-case.ts";
import { found, fresh, openRoom, refused, say } from "./scene.ts";

const inAnHour = () => timestampFromMs(Date.now() + 3_600_000);

export const memberCases: readonly ConformanceCase[] = [
  {
    name: "members are added, removed, and leave; who is none does not write",
    calls: ["RoomService/AddMembers", "RoomService/RemoveMembers", "RoomService/LeaveRoom"],
    refuses: ["NOT_A_MEMBER", "ROLE_REQUIRED"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context);
      const bob = [{ userId: "bob" }];
      await refused("NOT_A_MEMBER", say(context, roomId, "hi", "bob"));
      await refused("ROLE_REQUIRED", rooms.addMembers({ roomId, actor: user("ann"), members: bob }));
      const added = await rooms.addMembers({ roomId, actor: user("root"), members: [...bob, { userId: "ann" }] });
      assert.deepEqual(added.alreadyMemberUserIds, ["ann"]);
      assert.equal(await say(context, roomId, "hi", "bob"), 3);
      const removed = await rooms.removeMembers({ roomId, actor: service(), userIds: ["bob", "cat"] });
      assert.deepEqual(removed.notMemberUserIds, ["cat"]);
      await refused("NOT_A_MEMBER", say(context, roomId, "hi", "bob"));
      const { entry } = await rooms.leaveRoom({ roomId, actor: user("ann") });
      assert.equal(entry?.body.case, "memberLeft");
      assert.equal((await rooms.leaveRoom({ roomId, actor: user("ann") })).entry, undefined);
    },
  },
  {
    name: "members are listed in pages by user id, by role, and with those who left",
    calls: ["RoomService/ListMembers"],
    refuses: ["PAGE_TOKEN_INVALID"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      await rooms.leaveRoom({ roomId, actor: user("bob") });
      const ids = async (request: object) =>
        (await rooms.listMembers({ roomId, ...request })).members.map(({ userId }) => userId);
      assert.deepEqual(await ids({}), ["ann", "root"]);
      assert.deepEqual(await ids({ includeLeft: true }), ["ann", "bob", "root"]);
      assert.deepEqual(await ids({ role: MemberRole.ADMIN }), ["root"]);
      const first = await rooms.listMembers({ roomId, includeLeft: true, pageSize: 1 });
      const pageToken = first.nextPageToken;
      assert.deepEqual(await ids({ includeLeft: true, pageSize: 1, pageToken }), ["bob"]);
      const foreign = rooms.listMembers({ roomId, pageToken });
      await refused("PAGE_TOKEN_INVALID", foreign);
      await refused("PAGE_TOKEN_INVALID", rooms.listMembers({ roomId, pageToken: "nonsense" }));
    },
  },
  {
    name: "a member becomes an admin, who may mute another",
    calls: ["RoomService/SetMemberRole", "RoomService/MuteMember"],
    refuses: ["MEMBER_NOT_FOUND", "MEMBER_MUTED"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      const role = MemberRole.ADMIN;
      const nobody = fresh("nobody");
      const missing = rooms.setMemberRole({ roomId, actor: service(), userId: nobody, role });
      await refused("MEMBER_NOT_FOUND", missing);
      await rooms.setMemberRole({ roomId, actor: service(), userId: "ann", role });
      const mute = { roomId, actor: user("ann"), userId: "bob" };
      await rooms.muteMember({ ...mute, mutedUntil: inAnHour() });
      const { metadata } = await refused("MEMBER_MUTED", say(context, roomId, "hi", "bob"));
      assert.deepEqual(Object.keys(metadata).toSorted(), ["mutedUntil", "roomId", "userId"]);
      await rooms.muteMember(mute);
      assert.equal(await say(context, roomId, "hi", "bob"), 5);
    },
  },
  {
    name: "users of a direct room block one another, and nobody elsewhere does",
    calls: ["RoomService/BlockUser", "RoomService/UnblockUser"],
    refuses: ["USER_BLOCKED", "ROOM_NOT_DIRECT"],
    async run(context) {
      const { rooms, messages, kinds } = context;
      const direct = { actor: user("ann"), kind: kinds.direct, subject: fresh("subject"), userIds: ["ann", "bob"] };
      const { roomId } = found((await rooms.findOrCreateDirect(direct)).room);
      const block = { roomId, actor: user("ann"), userId: "bob" };
      await rooms.blockUser(block);
      for (const userId of ["ann", "bob"]) {
        const sent = messages.sendMessage({ roomId, actor: user(userId), content: text("hi") });
        const { metadata } = await refused("USER_BLOCKED", sent);
        assert.deepEqual(metadata, { roomId, byUserId: "ann", userId: "bob" });
      }
      await rooms.unblockUser(block);
      assert.equal(await say(context, roomId, "hi", "bob"), 4);
      const group = await openRoom(context, ["ann", "bob"]);
      await refused("ROOM_NOT_DIRECT", rooms.blockUser({ ...block, roomId: group }));
    },
  },
  {
    name: "a user wants no notifications of a room for a while, which is no entry",
    calls: ["RoomService/MuteNotifications"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context);
      const mutedUntil = inAnHour();
      const { member } = await rooms.muteNotifications({ roomId, actor: user("ann"), mutedUntil });
      assert.deepEqual(member?.notificationsMutedUntil, mutedUntil);
      assert.equal((await rooms.getRoom({ roomId })).room?.lastSeq, 1);
    },
  },
];
