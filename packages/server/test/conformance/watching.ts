import assert from "node:assert/strict";
import { isReason, service } from "@maru/client";
import { ErrorReason, type WatchRoomResponse } from "@maru/protocol";
import type { ConformanceCase } from "./conformance-case.ts";
import { firstParts, openRoom, refused, say, seqsOf } from "./scene.ts";

export const watchingCases: readonly ConformanceCase[] = [
  {
    name: "entries of every kind are listed in order and without holes",
    calls: ["EventService/ListEntries"],
    refuses: ["ROOM_NOT_FOUND"],
    async run(context) {
      const { events, rooms } = context;
      const roomId = await openRoom(context);
      await say(context, roomId, "a");
      await rooms.freezeRoom({ roomId, actor: service() });
      const page = await events.listEntries({ roomId, pageSize: 2 });
      assert.deepEqual(
        page.entries.map(({ seq, type }) => [seq, type]),
        [
          [1, "room_created"],
          [2, "message_sent"],
        ],
      );
      const rest = await events.listEntries({ roomId, pageSize: 2, pageToken: page.nextPageToken });
      assert.deepEqual([seqsOf(rest.entries), rest.nextPageToken], [[3], ""]);
      await refused("ROOM_NOT_FOUND", events.listEntries({ roomId: `${roomId}-none` }));
    },
  },
  {
    name: "a room is followed from a number on: what is there, a heartbeat, what comes; and is left by its caller",
    calls: ["EventService/WatchRoom"],
    refuses: ["SEQ_BEYOND_END", "CANCELLED"],
    async run(context) {
      const { events } = context;
      const roomId = await openRoom(context);
      await say(context, roomId, "a");
      const leaving = new AbortController();
      const parts: WatchRoomResponse["kind"][] = [];
      const watch = async () => {
        for await (const { kind } of events.watchRoom({ roomId, after: 1 }, { signal: leaving.signal })) {
          parts.push(kind);
          if (kind.case === "heartbeat") await say(context, roomId, "b");
          if (kind.case === "entries" && kind.value.entries.at(-1)?.seq === 3) leaving.abort();
        }
      };
      await assert.rejects(watch(), (error: unknown) => isReason(error, ErrorReason.CANCELLED));
      const seqs = parts.flatMap((kind) => (kind.case === "entries" ? seqsOf(kind.value.entries) : [0]));
      assert.deepEqual(seqs, [2, 0, 3]);
      const beyond = firstParts((signal) => events.watchRoom({ roomId, after: 9 }, { signal }), 1);
      await refused("SEQ_BEYOND_END", beyond);
    },
  },
];
