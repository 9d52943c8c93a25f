import type { Entry, Member, Message } from "@maru/protocol";
import { HoldState } from "@maru/protocol";

export interface Unread {
  readonly unreadCount: number;
  readonly mentionCount: number;
  /** 0 when there is none. */
  readonly firstUnreadSeq: number;
}

/** Nothing up to here is unread: it was read, or was there before the member joined. */
export function unreadAfter({ readSeq, joinedSeq }: Pick<Member, "readSeq" | "joinedSeq">): number {
  return Math.max(readSeq, joinedSeq);
}

/**
 * What of these entries is unread. An entry counts where it makes a message seen by everybody: its own, or the commit of
 * one that was held. `targets` has the entries of the messages that were committed; one that is gone counts no more.
 */
export function countUnread(
  entries: readonly Entry[],
  member: Pick<Member, "userId" | "readSeq" | "joinedSeq">,
  targets: ReadonlyMap<number, Entry>,
): Unread {
  const after = unreadAfter(member);
  let [unreadCount, mentionCount, firstUnreadSeq] = [0, 0, 0];
  for (const entry of entries) {
    if (entry.seq <= after) continue;
    const shown = shownBy(entry, targets);
    const message = shown?.body.case === "messageSent" ? shown.body.value : undefined;
    if (shown === undefined || message === undefined || !counts(shown, message, member.userId)) continue;
    unreadCount++;
    if (mentions(message, member.userId)) mentionCount++;
    if (firstUnreadSeq === 0) firstUnreadSeq = shown.seq;
  }
  return { unreadCount, mentionCount, firstUnreadSeq };
}

/** Number of the held message that the entry shows to everybody. */
export function committedSeq({ body }: Entry): number | undefined {
  return body.case === "messageCommitted" ? body.value.targetSeq : undefined;
}

function shownBy(entry: Entry, targets: ReadonlyMap<number, Entry>): Entry | undefined {
  const { body } = entry;
  if (body.case === "messageCommitted") return targets.get(body.value.targetSeq);
  return body.case === "messageSent" && body.value.holdState === HoldState.UNSPECIFIED ? entry : undefined;
}

function counts({ actor }: Entry, { content, deletion }: Message, userId: string): boolean {
  // Erasure takes the content too, and says of no deletion.
  if (content === undefined || deletion !== undefined) return false;
  if (actor?.kind.case === "userId" && actor.kind.value === userId) return false;
  if (content.kind.case === "system") return content.kind.value.countsAsUnread;
  return actor?.kind.case !== "system";
}

function mentions(message: Message, userId: string): boolean {
  return message.mentions.some(
    ({ target }) => target.case === "everybody" || (target.case === "userId" && target.value === userId),
  );
}
