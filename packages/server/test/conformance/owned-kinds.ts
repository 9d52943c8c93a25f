import assert from "node:assert/strict";
import { service, text, user } from "@maru/client";
import { JobState } from "@maru/protocol";
import type { OwnedCase } from "./owned-case.ts";
import { eventually, found, openRoom, refused, say } from "./scene.ts";
import { uuidv7At } from "./uuidv7-at.ts";

const [minute, day] = [60_000, 86_400_000];
const withKind = (rules: string) => `kinds: { group: ${rules} }\ndefault: { calls: "*", act_as_users: true }\n`;

/** A clock that goes on, and can be put forward. */
function movedClock() {
  let aheadMs = 0;
  return {
    nowMs: () => Date.now() + aheadMs,
    move(ms: number) {
      aheadMs += ms;
    },
  };
}

export const ownedKindCases: readonly OwnedCase[] = [
  {
    name: "a room has as many members as its kind allows and no more",
    refuses: ["TOO_MANY_MEMBERS"],
    async run(start) {
      const context = await start({ policy: withKind("{ max_members: 2 }") });
      const roomId = await openRoom(context);
      const added = context.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }] });
      assert.equal((await refused("TOO_MANY_MEMBERS", added)).metadata.limit, "2");
    },
  },
  {
    name: "a message is edited for as long as its kind of room allows",
    refuses: ["EDIT_WINDOW_CLOSED"],
    async run(start) {
      const clock = movedClock();
      const context = await start({ policy: withKind("{ edit_window: 15m }"), nowMs: clock.nowMs });
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "teh");
      const edit = (words: string) =>
        context.messages.editMessage({ roomId, seq, actor: user("ann"), content: text(words) });
      clock.move(14 * minute);
      await edit("the");
      clock.move(2 * minute);
      await refused("EDIT_WINDOW_CLOSED", edit("them"));
    },
  },
  {
    name: "what retention removed is gone, and so is the memory of keys from before",
    refuses: ["ENTRY_PURGED", "IDEMPOTENCY_KEY_TOO_OLD"],
    async run(start) {
      const clock = movedClock();
      const settings = { MARU_CACHE_BYTES: "1" };
      const context = await start({ policy: withKind("{ retention: 1d }"), nowMs: clock.nowMs, settings });
      // By the server's clock the token must still be good in a week.
      const later = context.withToken(await context.server.tokenOf("tests", 30 * 86_400));
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "old");
      const oldKey = uuidv7At(clock.nowMs());
      clock.move(7 * day);
      await say(later, roomId, "new");
      const { jobId } = found((await later.admin.runRetention({})).job);
      await eventually(async () => assert.equal((await later.admin.getJob({ jobId })).job?.state, JobState.DONE));
      const { metadata } = await refused("ENTRY_PURGED", later.messages.getMessage({ roomId, seq }));
      assert.deepEqual(Object.keys(metadata).toSorted(), ["purgedBelow", "roomId", "seq"]);
      const sent = { roomId, actor: user("ann"), content: text("again"), idempotencyKey: oldKey };
      await refused("IDEMPOTENCY_KEY_TOO_OLD", later.messages.sendMessage(sent));
    },
  },
];
