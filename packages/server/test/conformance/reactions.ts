import assert from "node:assert/strict";
import { service, user } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { openRoom, refused, say } from "./scene.ts";

/** The highest that a deployment can set: MARU_MAX_REACTING_USERS. */
const mostUsers = 500;
const usersPerCall = 90;

export const reactionCases: readonly ConformanceCase[] = [
  {
    name: "a user's set of reactions replaces the one before, and is counted and listed",
    calls: ["MessageService/SetReactions", "MessageService/ListReactions"],
    refuses: ["ACTOR_NOT_ALLOWED"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      const seq = await say(context, roomId, "hi");
      await messages.setReactions({ roomId, seq, actor: user("ann"), kinds: ["👍", "eyes"] });
      await messages.setReactions({ roomId, seq, actor: user("ann"), kinds: ["👍"] });
      const { reactions } = await messages.setReactions({ roomId, seq, actor: user("bob"), kinds: ["👍"] });
      assert.deepEqual(
        reactions.map(({ kind, userCount }) => [kind, userCount]),
        [["👍", 2]],
      );
      const page = await messages.listReactions({ roomId, seq, pageSize: 1 });
      const rest = await messages.listReactions({ roomId, seq, pageSize: 1, pageToken: page.nextPageToken });
      const listed = [...page.reactions, ...rest.reactions].map(({ userId, kinds }) => [userId, ...kinds]);
      assert.deepEqual(listed, [
        ["ann", "👍"],
        ["bob", "👍"],
      ]);
      await refused("ACTOR_NOT_ALLOWED", messages.setReactions({ roomId, seq, actor: service(), kinds: ["👍"] }));
    },
  },
  {
    name: "so many users react to a message and no more",
    calls: ["MessageService/SetReactions"],
    refuses: ["REACTION_LIMIT_REACHED"],
    async run(context) {
      const { rooms, messages } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "hi");
      const react = async () => {
        for (let n = 0; n <= mostUsers; n++) {
          if (n % usersPerCall === 0) {
            const members = Array.from({ length: usersPerCall }, (_, index) => ({ userId: `fan-${n + index}` }));
            await rooms.addMembers({ roomId, actor: service(), members });
          }
          await messages.setReactions({ roomId, seq, actor: user(`fan-${n}`), kinds: ["👍"] });
        }
      };
      const { metadata } = await refused("REACTION_LIMIT_REACHED", react());
      const { entry } = await messages.getMessage({ roomId, seq });
      const counts = entry?.body.case === "messageSent" ? entry.body.value.reactions : [];
      assert.equal(String(counts[0]?.userCount), metadata.limit);
    },
  },
];
