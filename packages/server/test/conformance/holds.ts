import assert from "node:assert/strict";
import { service, text, user } from "@maru/client";
import { HoldState } from "@maru/protocol";
import type { CaseContext, ConformanceCase } from "./conformance-case.ts";
import { found, openRoom, refused, wordsOf } from "./scene.ts";

async function hold({ messages }: CaseContext, roomId: string): Promise<number> {
  const held = { roomId, actor: user("ann"), content: text("12 coins"), holdMs: 3_600_000 };
  return found((await messages.sendMessage(held)).entry).seq;
}

export const holdCases: readonly ConformanceCase[] = [
  {
    name: "a held message is seen by its sender and by services, and by everybody once it is committed",
    calls: ["MessageService/CommitMessage"],
    refuses: ["ACTOR_NOT_ALLOWED", "MESSAGE_HELD", "HOLD_NOT_OPEN"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context, ["ann", "bob"]);
      const seq = await hold(context, roomId);
      const seen = async (actor?: ReturnType<typeof user>) =>
        wordsOf((await messages.getMessage({ roomId, seq, ...(actor && { actor }) })).entry);
      assert.deepEqual(
        [await seen(), await seen(user("ann")), await seen(user("bob"))],
        ["12 coins", "12 coins", undefined],
      );
      await refused("MESSAGE_HELD", messages.pinMessage({ roomId, seq, actor: service() }));
      await refused("ACTOR_NOT_ALLOWED", messages.commitMessage({ roomId, seq, actor: user("ann") }));
      const { entry } = await messages.commitMessage({ roomId, seq, actor: service() });
      const committed = entry?.body.case === "messageCommitted" ? entry.body.value.message : undefined;
      assert.equal(committed?.holdState, HoldState.COMMITTED);
      assert.equal(await seen(user("bob")), "12 coins");
      await refused("HOLD_NOT_OPEN", messages.commitMessage({ roomId, seq, actor: service() }));
    },
  },
  {
    name: "a held message that is cancelled is seen by nobody",
    calls: ["MessageService/CancelMessage"],
    refuses: ["HOLD_NOT_OPEN"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const seq = await hold(context, roomId);
      const cancel = { roomId, seq, actor: user("ann"), reason: "no coins" };
      const { entry } = await messages.cancelMessage(cancel);
      assert.equal(entry?.body.case, "messageCancelled");
      assert.equal(wordsOf((await messages.getMessage({ roomId, seq })).entry), undefined);
      await refused("HOLD_NOT_OPEN", messages.cancelMessage(cancel));
    },
  },
];
