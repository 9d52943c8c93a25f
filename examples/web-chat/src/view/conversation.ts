import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Actor, Entry, Message } from "@maru/protocol";
import { noticeOf } from "./notice-of.ts";
import { cardToShow, contentToShow, messageToShow, type ShownContent } from "./shown-content.ts";

/** A message that has its place in the log. */
export interface ShownMessage {
  readonly kind: "message";
  readonly seq: number;
  /** The user who sent it; empty for services and the system. */
  readonly senderId: string;
  readonly sentAtMs: number;
  readonly content: ShownContent;
  /** How often the content was changed: a change that is not newer changes nothing. */
  readonly editCount: number;
}

/** What happened in the room, said between messages. */
export interface Notice {
  readonly kind: "notice";
  readonly seq: number;
  readonly sentAtMs: number;
  readonly text: string;
}

/** A message of this page that has no place in the log yet. */
export interface Pending {
  readonly key: string;
  readonly text: string;
  readonly sentAtMs: number;
  /** Why it was refused; undefined while it is on its way. */
  readonly refusal: string | undefined;
}

/** What the page has of a room's log, by number, and what it has sent and not seen there yet. */
export interface Conversation {
  readonly shown: ReadonlyMap<number, ShownMessage | Notice>;
  readonly pending: readonly Pending[];
  /** The newest entry that is in it. */
  readonly lastSeq: number;
}

export const emptyConversation: Conversation = { shown: new Map(), pending: [], lastSeq: 0 };

/** Adds messages as a page of history has them, each as it was when `lastSeq` was the room's newest entry, or later. */
export function withHistory(conversation: Conversation, entries: readonly Entry[], lastSeq: number): Conversation {
  const shown = new Map(conversation.shown);
  for (const entry of entries) {
    if (entry.body.case !== "messageSent") continue;
    const message = toMessage(entry, entry.body.value);
    if (!isNewer(shown.get(entry.seq), message)) shown.set(entry.seq, message);
  }
  const pending = withoutArrived(conversation.pending, entries);
  return { shown, pending, lastSeq: Math.max(conversation.lastSeq, lastSeq) };
}

/** Folds in what happened next. What history knew already, and what comes again, changes nothing. */
export function withEntry(conversation: Conversation, entry: Entry): Conversation {
  const shown = new Map(conversation.shown);
  fold(shown, entry);
  const pending = withoutArrived(conversation.pending, [entry]);
  return { shown, pending, lastSeq: Math.max(conversation.lastSeq, entry.seq) };
}

/** Shows a message at once, before it is stored. */
export function withPending(conversation: Conversation, message: Omit<Pending, "refusal">): Conversation {
  return { ...conversation, pending: [...conversation.pending, { ...message, refusal: undefined }] };
}

export function withRefusal(conversation: Conversation, key: string, refusal: string): Conversation {
  const pending = conversation.pending.map((one) => (one.key === key ? { ...one, refusal } : one));
  return { ...conversation, pending };
}

export function withoutPending(conversation: Conversation, key: string): Conversation {
  return { ...conversation, pending: conversation.pending.filter((one) => one.key !== key) };
}

/** The entry carries the key that its message was sent with: that is how it takes the place of what was shown at once. */
function withoutArrived(pending: readonly Pending[], entries: readonly Entry[]): readonly Pending[] {
  const arrived = new Set(entries.map(({ idempotencyKey }) => idempotencyKey));
  return pending.some(({ key }) => arrived.has(key)) ? pending.filter(({ key }) => !arrived.has(key)) : pending;
}

/** What happened while a page of history was on its way is not undone by it. */
function isNewer(known: ShownMessage | Notice | undefined, message: ShownMessage): boolean {
  return known?.kind === "message" && (known.content.kind === "deleted" || known.editCount > message.editCount);
}

function fold(shown: Map<number, ShownMessage | Notice>, entry: Entry): void {
  const { body } = entry;
  const change = (targetSeq: number, to: (message: ShownMessage) => Partial<ShownMessage>) => {
    const target = shown.get(targetSeq);
    if (target?.kind !== "message" || target.content.kind === "deleted") return;
    shown.set(targetSeq, { ...target, ...to(target) });
  };
  const replace = (targetSeq: number, editCount: number, content: ShownContent) =>
    change(targetSeq, (message) => (editCount > message.editCount ? { content, editCount } : {}));

  switch (body.case) {
    case "messageSent":
      if (!shown.has(entry.seq)) shown.set(entry.seq, toMessage(entry, body.value));
      break;
    case "messageEdited":
      replace(body.value.targetSeq, body.value.editCount, contentToShow(body.value.content));
      break;
    case "cardUpdated":
      replace(body.value.targetSeq, body.value.editCount, cardToShow(body.value.card));
      break;
    case "messageDeleted":
      change(body.value.targetSeq, () => ({ content: { kind: "deleted" } }));
      break;
    case "messageCommitted": {
      const { targetSeq, message } = body.value;
      if (message === undefined) break;
      change(targetSeq, ({ content }) => (content.kind === "hidden" ? { content: messageToShow(message) } : {}));
      break;
    }
    case "messageCancelled":
      change(body.value.targetSeq, () => ({ content: { kind: "hidden" } }));
      break;
    case "userErased":
      for (const [seq, one] of shown) {
        if (one.kind === "message" && one.senderId === body.value.userId)
          change(seq, () => ({ content: { kind: "deleted" } }));
      }
      break;
    default: {
      const text = noticeOf(entry);
      if (text !== undefined) shown.set(entry.seq, { kind: "notice", seq: entry.seq, sentAtMs: timeOf(entry), text });
    }
  }
}

function toMessage(entry: Entry, message: Message): ShownMessage {
  return {
    kind: "message",
    seq: entry.seq,
    senderId: userIdIn(entry.actor),
    sentAtMs: timeOf(entry),
    content: messageToShow(message),
    editCount: message.editCount,
  };
}

export function userIdIn(actor: Actor | undefined): string {
  return actor?.kind.case === "userId" ? actor.kind.value : "";
}

export function timeOf({ createdAt }: Entry): number {
  return createdAt === undefined ? 0 : timestampMs(createdAt);
}
