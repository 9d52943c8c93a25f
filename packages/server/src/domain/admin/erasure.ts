import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActorSchema, DeletionSchema, type Entry, HoldState, type Message, MessageSchema } from "@maru/protocol";
import { hasContent, toEmptied } from "../messages/emptied.ts";
import { countReactions, withReactionsOf } from "../messages/reactions.ts";
import type { EntryChange, LoggedEntry, MessageRecord } from "../store.ts";

/** When and by which entry the erasure takes place. */
export interface ErasedAt {
  readonly seq: number;
  readonly nowMs: number;
}

/**
 * What an entry becomes when a user's content is erased; undefined when nothing in it is the user's. Number, sender and
 * times stay, and so does the key: it alone then tells a repeated request. Titles and attributes of rooms are the
 * room's, and stay.
 */
export function erasureOf(logged: LoggedEntry, userId: string, at: ErasedAt): EntryChange | undefined {
  const { entry } = logged;
  const isActor = entry.actor?.kind.case === "userId" && entry.actor.kind.value === userId;
  const changed =
    entry.body.case === "messageSent" ? messageAfter(logged, userId, isActor, at) : bodyAfter(entry, userId);
  const losesHash = isActor && logged.requestHash !== undefined;
  if (changed === undefined && !losesHash) return undefined;
  return {
    seq: entry.seq,
    body: changed?.body ?? entry.body,
    record: changed === undefined ? logged.record : changed.record,
    ...(losesHash && { withoutRequestHash: true }),
  };
}

type Changed = { readonly body: Entry["body"]; readonly record: MessageRecord | undefined };

function messageAfter(logged: LoggedEntry, userId: string, isAuthor: boolean, at: ErasedAt): Changed | undefined {
  const { entry, record } = logged;
  if (entry.body.case !== "messageSent") return undefined;
  const message = entry.body.value;
  if (isAuthor)
    return isErased(logged, message, userId) ? undefined : toMessage(erased(message, at, userId), undefined);
  const withoutReason = withoutOwnReason(message, userId);
  if (!record?.reactions.has(userId)) return withoutReason && toMessage(withoutReason, record);
  const reactions = withReactionsOf(record.reactions, userId, []);
  const counted = { ...(withoutReason ?? message), reactions: countReactions(reactions, message.reactions) };
  return toMessage(create(MessageSchema, counted), { ...record, reactions });
}

function toMessage(value: Message, record: MessageRecord | undefined): Changed {
  return { body: { case: "messageSent", value }, record };
}

function isErased({ record }: LoggedEntry, message: Message, userId: string): boolean {
  const { content, mentions, reactions, holdState, deletion } = message;
  const isBare = content === undefined && mentions.length === 0 && reactions.length === 0 && record === undefined;
  return isBare && holdState !== HoldState.HELD && deletion !== undefined && !isOwnReason(message, userId);
}

function erased(message: Message, at: ErasedAt, userId: string): Message {
  return create(MessageSchema, {
    replyToSeq: message.replyToSeq,
    editCount: message.editCount,
    editedAt: message.editedAt,
    holdState: message.holdState === HoldState.HELD ? HoldState.CANCELLED : message.holdState,
    pinned: message.pinned,
    deletion: (withoutOwnReason(message, userId) ?? message).deletion ?? toDeletion(at),
  });
}

function toDeletion({ seq, nowMs }: ErasedAt) {
  const actor = create(ActorSchema, { kind: { case: "system", value: {} } });
  return create(DeletionSchema, { actor, deletedAt: timestampFromMs(nowMs), seq, reason: "erased" });
}

function isOwnReason({ deletion }: Message, userId: string): boolean {
  const by = deletion?.actor?.kind;
  return by?.case === "userId" && by.value === userId && deletion?.reason !== "";
}

function withoutOwnReason(message: Message, userId: string): Message | undefined {
  const { deletion } = message;
  if (deletion === undefined || !isOwnReason(message, userId)) return undefined;
  return create(MessageSchema, { ...message, deletion: create(DeletionSchema, { ...deletion, reason: "" }) });
}

/** What the user wrote into other entries: reactions, and reasons. */
function bodyAfter(entry: Entry, userId: string): Changed | undefined {
  const { body } = entry;
  const isActor = entry.actor?.kind.case === "userId" && entry.actor.kind.value === userId;
  const changed = (after: Entry["body"]): Changed => ({ body: after, record: undefined });
  switch (body.case) {
    case "reactionsChanged": {
      if (body.value.userId !== userId || body.value.kinds.length === 0) return undefined;
      return changed({ case: body.case, value: { ...body.value, kinds: [] } });
    }
    case "messageEdited":
    case "cardUpdated":
    case "messageCommitted": {
      const logged = { entry, requestHash: undefined, appendedAtMs: 0 };
      return isActor && hasContent(logged) ? changed(toEmptied(logged).body) : undefined;
    }
    case "messageDeleted":
    case "messageCancelled":
    case "membersRemoved":
    case "memberMuted":
    case "roomFrozen":
    case "roomClosed":
      if (!isActor || body.value.reason === "") return undefined;
      return changed({ case: body.case, value: { ...body.value, reason: "" } } as Entry["body"]);
    default:
      return undefined;
  }
}
