import { compareIds, type Rejected, type SourceParticipant } from "./source-rows.ts";

/** A user who joined or left, in the order in which it happened. */
export interface MembershipEvent {
  readonly kind: "joined" | "left";
  readonly userId: string;
  readonly participantId: string;
  readonly role: string | undefined;
  readonly atMicros: number;
}

/**
 * Who was in a room when, from its participants. A user may have several rows, one after the other: left, and joined again.
 * Of rows that hold at the same time the first counts.
 */
export function toMemberships(participants: readonly SourceParticipant[]): {
  readonly events: readonly MembershipEvent[];
  readonly rejected: readonly Rejected[];
} {
  const events: MembershipEvent[] = [];
  const rejected: Rejected[] = [];
  const until = new Map<string, number>();
  const ordered = participants.toSorted((a, b) => (a.joinedAt ?? 0) - (b.joinedAt ?? 0) || compareIds(a.id, b.id));
  for (const { id, roomId, userId, role, joinedAt, leftAt } of ordered) {
    const reject = (reason: Rejected["reason"]) => void rejected.push({ table: "participants", id, roomId, reason });
    if (userId === undefined) {
      reject("user_missing");
      continue;
    }
    if (joinedAt === undefined) {
      reject("time_missing");
      continue;
    }
    if (joinedAt < (until.get(userId) ?? Number.NEGATIVE_INFINITY)) {
      reject("already_a_member");
      continue;
    }
    const end = leftAt === undefined ? undefined : Math.max(leftAt, joinedAt);
    until.set(userId, end ?? Number.POSITIVE_INFINITY);
    events.push({ kind: "joined", userId, participantId: id, role, atMicros: joinedAt });
    if (end !== undefined) events.push({ kind: "left", userId, participantId: id, role, atMicros: end });
  }
  // Sorting keeps the order of what happened at once: a row's own two, and those of one user.
  return { events: events.toSorted((a, b) => a.atMicros - b.atMicros), rejected };
}
