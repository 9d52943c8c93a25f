import assert from "node:assert/strict";
import { user } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { openRoom, refused, say, seqsOf } from "./scene.ts";

/** The highest that a deployment can set: MARU_MAX_PINS. */
const mostPins = 100;

export const pinCases: readonly ConformanceCase[] = [
  {
    name: "messages are pinned, listed with the newest pin first, and unpinned",
    calls: ["MessageService/PinMessage", "MessageService/UnpinMessage", "MessageService/ListPinnedMessages"],
    async run(context) {
      const { messages, rooms } = context;
      const roomId = await openRoom(context);
      const [one, two] = [await say(context, roomId, "one"), await say(context, roomId, "two")];
      const pin = (seq: number) => messages.pinMessage({ roomId, seq, actor: user("ann") });
      const listed = async () => seqsOf((await messages.listPinnedMessages({ roomId, actor: user("ann") })).entries);
      await pin(two);
      assert.equal((await pin(one)).entry?.body.case, "messagePinned");
      assert.equal((await pin(one)).entry, undefined);
      assert.deepEqual(await listed(), [one, two]);
      await messages.unpinMessage({ roomId, seq: two, actor: user("ann") });
      assert.deepEqual(await listed(), [one]);
      assert.deepEqual((await rooms.getRoom({ roomId })).room?.pinnedSeqs, [one]);
    },
  },
  {
    name: "so many messages are pinned in a room and no more",
    calls: ["MessageService/PinMessage"],
    refuses: ["PIN_LIMIT_REACHED"],
    async run(context) {
      const { messages, rooms } = context;
      const roomId = await openRoom(context);
      const pinAll = async () => {
        for (let n = 0; n <= mostPins; n++) {
          const seq = await say(context, roomId, String(n));
          await messages.pinMessage({ roomId, seq, actor: user("ann") });
        }
      };
      const { metadata } = await refused("PIN_LIMIT_REACHED", pinAll());
      const { room } = await rooms.getRoom({ roomId });
      assert.equal(String(room?.pinnedSeqs.length), metadata.limit);
    },
  },
];
