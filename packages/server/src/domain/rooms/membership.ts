import { create } from "@bufbuild/protobuf";
import type { Member, MemberWithRole } from "@maru/protocol";
import { ErrorReason, MemberLeftSchema, MembersAddedSchema, MembersRemovedSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Draft, NextEntry } from "../log/append.ts";
import { isPresent, type RoomState } from "../log/fold.ts";
import type { MemberChange } from "../store.ts";
import { requireNotClosed } from "./may-write.ts";
import { kindOf, type RoomKinds, requireFewEnough } from "./room-kind.ts";

/** The entry by which users join; undefined when all of them are members. */
export function toJoin(
  kinds: RoomKinds,
  state: RoomState,
  members: readonly MemberWithRole[],
  next: NextEntry,
): Draft | undefined {
  requireNotClosed(state);
  const joining = members.filter(({ userId }) => !isPresent(state.members.get(userId)));
  if (joining.length === 0) return undefined;
  const memberCount = state.room.memberCount + joining.length;
  requireFewEnough(kindOf(kinds, state.room), state.room.roomId, memberCount);
  return {
    body: { case: "membersAdded", value: create(MembersAddedSchema, { members: joining }) },
    change: {
      room: { memberCount },
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

/** The entry by which a user leaves; undefined for one who is no member. */
export function toLeaving(state: RoomState, userId: string, next: NextEntry): Draft | undefined {
  if (!isPresent(state.members.get(userId))) return undefined;
  requireNotClosed(state);
  return {
    body: { case: "memberLeft", value: create(MemberLeftSchema, { userId }) },
    change: { room: { memberCount: state.room.memberCount - 1 }, members: [{ userId, leftSeq: next.seq }] },
  };
}

export function requirePresent({ room, members }: RoomState, userId: string): Member {
  const member = members.get(userId);
  if (!isPresent(member)) throw memberNotFound(room.roomId, userId);
  return member;
}

export function memberNotFound(roomId: string, userId: string): MaruError {
  return new MaruError(ErrorReason.MEMBER_NOT_FOUND, { metadata: { room_id: roomId, user_id: userId } });
}
