import type { MessageCall, MessageWindows, Moment } from "./message-windows.ts";
import type { TruthEntry } from "./truth.ts";
import { isActOf } from "./truth-erasure.ts";

/** Once an erasure has ended, nothing of the user is left in what was written before it began. */
export function checkErase(windows: MessageWindows, call: MessageCall, userId: string): string[] {
  const { entries } = windows.truth;
  const end = windows.lengths(call.answered, call.answered).low;
  const after = windows.moments[end] as Moment;
  const before = entries.filter(({ storedBefore }) => storedBefore < call.arrived);
  const meanwhile = entries.slice(before.length, end);
  const left = before.filter((own) => {
    const { seq } = own.logged.entry;
    if (windows.isRemoved(call, seq)) return false;
    if (isActOf(own, userId)) return isLeft(after, own);
    const hasReacted = after.messages.bySeq.get(seq)?.reactions.has(userId);
    return hasReacted && !meanwhile.some((other) => isReaction(other, userId, seq));
  });
  const isTold = entries.slice(0, end).some(({ logged: { entry } }) => {
    return entry.body.case === "userErased" && entry.body.value.userId === userId;
  });
  return [
    ...(isTold ? [] : ["ended, and no entry says so"]),
    ...left.map(({ logged }) => `left something of ${userId} in entry ${logged.entry.seq} (${logged.entry.type})`),
  ];
}

/** Whether something is left in an entry that the user made. */
function isLeft({ messages }: Moment, { logged }: TruthEntry): boolean {
  const { entry, requestHash } = logged;
  if (requestHash !== undefined && !messages.unhashed.has(entry.seq)) return true;
  const message = messages.bySeq.get(entry.seq);
  if (message !== undefined) return message.text !== undefined || message.versions.length > 0;
  const { body } = entry;
  const brings = body.case === "messageEdited" || (body.case === "reactionsChanged" && body.value.kinds.length > 0);
  return brings && !messages.emptied.has(entry.seq);
}

function isReaction({ logged }: TruthEntry, userId: string, seq: number): boolean {
  const { body } = logged.entry;
  return body.case === "reactionsChanged" && body.value.targetSeq === seq && body.value.userId === userId;
}
