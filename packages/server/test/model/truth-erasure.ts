import { HoldState } from "@maru/protocol";
import type { TruthEntry } from "./truth.ts";
import { count, nameOf, type TruthMessage, type TruthMessages } from "./truth-messages.ts";

/** What is left once a step of an erasure has taken the user's part out of the entries that were changed with it. */
export function foldErasure(
  state: TruthMessages,
  entries: readonly TruthEntry[],
  step: TruthEntry,
  userId: string,
): TruthMessages {
  const bySeq = new Map(state.bySeq);
  const emptied = new Set(state.emptied);
  const unhashed = new Set(state.unhashed);
  for (const seq of step.changed) {
    const earlier = entries[seq - 1];
    if (earlier === undefined) continue;
    const isOwn = isActOf(earlier, userId);
    if (isOwn) unhashed.add(seq);
    const message = bySeq.get(seq);
    if (message === undefined) {
      if (isOwn || isOrphan(entries, earlier, step)) emptied.add(seq);
      continue;
    }
    bySeq.set(seq, isOwn ? erased(message, step) : withoutReactionsOf(message, userId));
    if (isOwn) for (const carrier of message.carriers) emptied.add(carrier);
  }
  return { ...state, bySeq, emptied, unhashed };
}

export function isActOf({ logged }: TruthEntry, userId: string): boolean {
  return logged.entry.actor?.kind.case === "userId" && nameOf(logged.entry.actor) === userId;
}

function erased(message: TruthMessage, { logged }: TruthEntry): TruthMessage {
  return {
    ...message,
    text: undefined,
    versions: [],
    hold: message.hold === HoldState.HELD ? HoldState.CANCELLED : message.hold,
    expiresAtMs: undefined,
    deletedBy: message.deletedBy ?? `system at ${logged.entry.seq}`,
    reactions: new Map(),
    counts: [],
  };
}

function withoutReactionsOf(message: TruthMessage, userId: string): TruthMessage {
  const reactions = new Map(message.reactions);
  reactions.delete(userId);
  return { ...message, reactions, counts: count(message.counts, reactions, []) };
}

/** It holds content of a message that retention has removed: nobody knows whose that was. */
function isOrphan(entries: readonly TruthEntry[], { logged }: TruthEntry, { storedBefore }: TruthEntry): boolean {
  const { body } = logged.entry;
  if (body.case !== "messageCommitted" && body.case !== "cardUpdated") return false;
  return (entries[body.value.targetSeq - 1]?.removed?.after ?? Infinity) < storedBefore;
}
