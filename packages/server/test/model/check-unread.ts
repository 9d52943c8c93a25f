import type { UnreadCount } from "@maru/protocol";
import type { MessageCall, MessageWindows, Moment } from "./message-windows.ts";
import { isThere, type TruthEntry } from "./truth.ts";
import type { TruthMessage } from "./truth-messages.ts";

/** The count is that of the messages that the log says were unread at some moment of the call. */
export function checkUnread(windows: MessageWindows, call: MessageCall, userId: string, told: UnreadCount): string[] {
  const { low, high } = windows.lengths(call.arrived, call.answered);
  const moments = windows.moments.slice(low, high + 1);
  const joinedSeqs = new Set(moments.flatMap(({ members }) => joinedSeqOf(members.get(userId))));
  const text = `${told.unreadCount} from ${told.firstUnreadSeq} behind ${told.readSeq}`;
  if (!isPosition(windows, call, userId, told.readSeq)) return [`counts ${text}, where the user never was meanwhile`];
  if (told.capped) return ["says that there is more than it counts"];
  const isTrue = [...joinedSeqs].some((joinedSeq) => {
    const after = Math.max(joinedSeq, told.readSeq);
    return moments.some((moment, index) => isCount(windows, call, moments.slice(index), moment, userId, after, told));
  });
  return isTrue ? [] : [`counts ${text}, which was never true meanwhile`];
}

function joinedSeqOf(member: Parameters<typeof isThere>[0]): number[] {
  return isThere(member) ? [member.joinedSeq] : [];
}

/** Whether the user's read position may have been this one. */
export function isPosition({ truth }: MessageWindows, call: MessageCall, userId: string, readSeq: number): boolean {
  const moves = truth.moves.filter((move) => move.userId === userId);
  const isReached = readSeq === 0 || moves.some((move) => move.readSeq === readSeq && move.after < call.answered);
  return isReached && !moves.some((move) => move.readSeq > readSeq && move.before < call.arrived);
}

/** `later`: the moment and those behind it, in one of which a message was read that was sent before the position. */
function isCount(
  windows: MessageWindows,
  call: MessageCall,
  later: readonly Moment[],
  moment: Moment,
  userId: string,
  after: number,
  told: UnreadCount,
): boolean {
  const shown = [...moment.messages.bySeq.values()]
    .filter((message) => isUnread(message, userId, after))
    .filter((message) => !isGone(windows, message, ({ before }) => before < call.arrived))
    .toSorted((one, other) => one.shownAt - other.shownAt);
  const certain = shown.filter((message) => {
    const isGoneLater = later.some(({ messages }) => messages.bySeq.get(message.seq)?.text === undefined);
    return (
      !isGone(windows, message, ({ after: began }) => began < call.answered) && !(message.seq <= after && isGoneLater)
    );
  });
  if (told.unreadCount < certain.length || told.unreadCount > shown.length) return false;
  if (told.unreadCount === 0) return told.firstUnreadSeq === 0;
  const first = shown.find(({ seq }) => seq === told.firstUnreadSeq);
  return first !== undefined && !certain.some(({ shownAt }) => shownAt < first.shownAt);
}

function isUnread({ shownAt, text, author }: TruthMessage, userId: string, after: number): boolean {
  return shownAt > after && text !== undefined && author !== userId;
}

type Removal = NonNullable<TruthEntry["removed"]>;

/** Whether retention had removed the message, or the entry that showed it. */
function isGone(
  { truth }: MessageWindows,
  { seq, shownAt }: TruthMessage,
  isInTime: (removed: Removal) => boolean,
): boolean {
  return [seq, shownAt].some((one) => {
    const removed = truth.entries[one - 1]?.removed;
    return removed !== undefined && isInTime(removed);
  });
}
