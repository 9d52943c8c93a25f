import type { DatabaseSync } from "node:sqlite";
import type { EventOf, Handlers } from "@maru/client/events";
import { type Actor, type Content, HoldState } from "@maru/protocol";
import { changeText, dropMessage, dropSender, putHeld, putWaiting, takeHeld } from "./waiting-writes.ts";

/** What each event changes in what people are to be told. All is written through `ctx.tx`: stored with the position, or not at all. */
export function pushHandlers(clock: { readonly nowMs: () => number }): Handlers<DatabaseSync> {
  return {
    messageSent({ roomId, seq, entry, body }: EventOf<"messageSent">, { tx }) {
      const senderId = senderOf(entry.actor);
      const place = { roomId, messageSeq: seq };
      if (body.holdState === HoldState.HELD) return putHeld(tx, place, senderId);
      // Deleted meanwhile, or a notice that is no news.
      if (body.content === undefined || !isNews(body.content)) return;
      putWaiting(tx, { ...place, seq, senderId, text: textOf(body.content), receivedAtMs: clock.nowMs() });
    },
    messageCommitted({ roomId, seq, body }, { tx }) {
      const place = { roomId, messageSeq: body.targetSeq };
      const senderId = takeHeld(tx, place);
      const content = body.message?.content;
      if (senderId === undefined || content === undefined) return;
      putWaiting(tx, { ...place, seq, senderId, text: textOf(content), receivedAtMs: clock.nowMs() });
    },
    messageEdited({ roomId, body }, { tx }) {
      if (body.content !== undefined) changeText(tx, { roomId, messageSeq: body.targetSeq }, textOf(body.content));
    },
    messageDeleted: ({ roomId, body }, { tx }) => dropMessage(tx, { roomId, messageSeq: body.targetSeq }),
    messageCancelled: ({ roomId, body }, { tx }) => dropMessage(tx, { roomId, messageSeq: body.targetSeq }),
    userErased: ({ roomId, body }, { tx }) => dropSender(tx, roomId, body.userId),

    // Everything else moves the position all the same: what comes next is then no hole.
    any() {},
  };
}

function isNews({ kind }: Content): boolean {
  return kind.case !== "system" || kind.value.countsAsUnread;
}

/** What a locked telephone shows. Whoever knows the team's cards says more of them. */
function textOf({ kind }: Content): string {
  switch (kind.case) {
    case "text":
      return kind.value.text;
    case "media":
      return kind.value.caption || "Pictures or files";
    case "location":
      return kind.value.label || "A place";
    case "system":
      return kind.value.text || kind.value.code;
    default:
      return "Something new";
  }
}

/** User ids never begin with "#": a service is no user, whatever it is called. */
function senderOf(actor: Actor | undefined): string {
  const kind = actor?.kind;
  return kind?.case === "userId" ? kind.value : `#${kind?.case === "service" ? kind.value.name : "system"}`;
}
