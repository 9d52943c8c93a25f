import { create } from "@bufbuild/protobuf";
import type { MemberWithRole } from "@maru/protocol";
import { MembersAddedSchema, MembersRemovedSchema } from "@maru/protocol";
import type { Draft, NextEntry } from "../log/append.ts";
import { isPresent, type RoomState } from "../log/fold.ts";
import type { MemberChange } from "../store.ts";
import { requireNotClosed } from "./may-write.ts";

/** The entry by which users join; undefined when all of them are members. */
export function toJoin(state: RoomState, members: readonly MemberWithRole[], next: NextEntry): Draft | undefined {
  requireNotClosed(state);
  const joining = members.filter(({ userId }) => !isPresent(state.members.get(userId)));
  if (joining.length === 0) return undefined;
  return {
    body: { case: "membersAdded", value: create(MembersAddedSchema, { members: joining }) },
    change: {
      room: { memberCount: state.room.memberCount + joining.length },
      members: joining.map(({ userId, role }) => ({ userId, role, joinedSeq: next.seq, leftSeq: 0 })),
    },
  };
}

/** The entry by which users are removed; undefined when none of them is a member. */
export function toRemoval(
  state: RoomState,
  userIds: readonly string[],
  reason: string,
  next: NextEntry,
): Draft | undefined {
  requireNotClosed(state);
  const removals: MemberChange[] = [];
  for (const userId of userIds) {
    const member = state.members.get(userId);
    if (isPresent(member)) {
      removals.push({ userId, role: member.role, joinedSeq: member.joinedSeq, leftSeq: next.seq });
    }
  }
  if (removals.length === 0) return undefined;
  const removed = removals.map(({ userId }) => userId);
  return {
    body: { case: "membersRemoved", value: create(MembersRemovedSchema, { userIds: removed, reason }) },
    change: { room: { memberCount: state.room.memberCount - removals.length }, members: removals },
  };
}
