import type { DatabaseSync } from "node:sqlite";
import type { Handlers } from "@maru/client/events";
import type { Actor, Content } from "@maru/protocol";
import { eraseSender, putMembers, putMessage, putText, removeMembers } from "./index-writes.ts";

/** What each event changes in the index. All is written through `ctx.tx`, so that it is stored with the position, or not at all. */
export const indexHandlers: Handlers<DatabaseSync> = {
  messageSent({ roomId, seq, entry, body, committedAt }, { tx }) {
    putMessage(tx, { roomId, seq, sender: senderOf(entry.actor), sentAt: committedAt?.toISOString() ?? "" });
    // A held message has no content yet; one that was deleted before its event was healed has none any more.
    putText(tx, roomId, seq, textOf(body.content));
  },
  messageEdited: ({ roomId, body }, { tx }) => putText(tx, roomId, body.targetSeq, textOf(body.content)),
  cardUpdated: ({ roomId, body }, { tx }) => putText(tx, roomId, body.targetSeq, undefined),
  messageDeleted: ({ roomId, body }, { tx }) => putText(tx, roomId, body.targetSeq, undefined),
  messageCommitted: ({ roomId, body }, { tx }) => putText(tx, roomId, body.targetSeq, textOf(body.message?.content)),
  messageCancelled: ({ roomId, body }, { tx }) => putText(tx, roomId, body.targetSeq, undefined),
  userErased: ({ roomId, body }, { tx }) => eraseSender(tx, roomId, senderOfUser(body.userId)),

  roomCreated: ({ roomId, body }, { tx }) => putMembers(tx, roomId, idsOf(body.members)),
  membersAdded: ({ roomId, body }, { tx }) => putMembers(tx, roomId, idsOf(body.members)),
  membersRemoved: ({ roomId, body }, { tx }) => removeMembers(tx, roomId, body.userIds),
  memberLeft: ({ roomId, body }, { tx }) => removeMembers(tx, roomId, [body.userId]),

  // Everything else moves the position all the same: what comes next is then no hole.
  any() {},
};

/** What people would search for. Cards are other teams' messages: whoever knows their schema can index them too. */
function textOf(content: Content | undefined): string | undefined {
  switch (content?.kind.case) {
    case "text":
      return content.kind.value.text;
    case "media":
      return content.kind.value.caption || undefined;
    case "location":
      return [content.kind.value.label, content.kind.value.address].join(" ").trim() || undefined;
    default:
      return undefined;
  }
}

const idsOf = (members: readonly { readonly userId: string }[]) => members.map(({ userId }) => userId);

const senderOfUser = (userId: string) => `user ${userId}`;

/** A service and a user may have the same name. */
function senderOf(actor: Actor | undefined): string {
  return actor?.kind.case === "userId" ? senderOfUser(actor.kind.value) : (actor?.kind.case ?? "unknown");
}
