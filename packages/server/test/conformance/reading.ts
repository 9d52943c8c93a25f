import assert from "node:assert/strict";
import { user } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { fresh, openRoom, refused, say } from "./scene.ts";

export const readingCases: readonly ConformanceCase[] = [
  {
    name: "a read position moves forward only, and is told with those of others",
    calls: ["ReadService/MarkRead", "ReadService/GetReadMarkers"],
    refuses: ["SEQ_BEYOND_END"],
    async run(context) {
      const { reads } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      for (const words of ["a", "b"]) await say(context, roomId, words);
      const mark = async (seq: number) => (await reads.markRead({ roomId, actor: user("bob"), seq })).marker?.readSeq;
      assert.deepEqual([await mark(3), await mark(2)], [3, 3]);
      const { metadata } = await refused("SEQ_BEYOND_END", mark(4));
      assert.deepEqual(metadata, { roomId, seq: "4", lastSeq: "3" });
      const userIds = ["bob", fresh("nobody"), "ann"];
      const { markers } = await reads.getReadMarkers({ roomId, userIds });
      assert.deepEqual(
        markers.map(({ userId, readSeq }) => [userId, readSeq]),
        [
          ["bob", 3],
          ["ann", 0],
        ],
      );
    },
  },
  {
    name: "what is unread is counted, with mentions apart, for one member and for several",
    calls: ["ReadService/GetUnreadCount", "ReadService/BatchGetUnreadCounts"],
    refuses: ["MEMBER_NOT_FOUND"],
    async run(context) {
      const { reads, messages } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      await say(context, roomId, "a");
      await messages.sendMessage({
        roomId,
        actor: user("ann"),
        content: { kind: { case: "text", value: { text: "👋 bob" } } },
        mentions: [{ target: { case: "userId", value: "bob" }, startUtf16: 3, lengthUtf16: 3 }],
      });
      const { unread } = await reads.getUnreadCount({ roomId, userId: "bob" });
      assert.deepEqual([unread?.unreadCount, unread?.mentionCount, unread?.firstUnreadSeq], [2, 1, 2]);
      const nobody = fresh("nobody");
      const members = ["ann", nobody, "bob"].map((userId) => ({ roomId, userId }));
      const { unreads, missing } = await reads.batchGetUnreadCounts({ members });
      assert.deepEqual(
        unreads.map(({ userId, unreadCount }) => [userId, unreadCount]),
        [
          ["ann", 0],
          ["bob", 2],
        ],
      );
      assert.deepEqual([unreads[1], missing[0]?.userId], [unread, nobody]);
      await refused("MEMBER_NOT_FOUND", reads.getUnreadCount({ roomId, userId: nobody }));
    },
  },
];
