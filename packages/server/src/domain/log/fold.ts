import { create } from "@bufbuild/protobuf";
import type { Entry, Member, MemberWithRole, Room } from "@maru/protocol";
import { MemberSchema } from "@maru/protocol";

/** A room's state as far as it was asked for. */
export interface RoomState {
  room: Room;
  /** The members that were asked for; undefined: known to be, and to have been, no member. */
  readonly members: Map<string, Member | undefined>;
}

/**
 * Brings `state` up to an entry. Returns false when the entry is of a type that this version does not know and changed
 * the state: it must then be read again. Total, and harmless for a state that is newer than the entry: a state is read
 * after the tail that labels it, so entries behind the label may be in it already.
 */
export function fold(state: RoomState, entry: Entry): boolean {
  foldPins(state, entry);
  if (entry.stateSeq !== entry.seq) return true;
  if (entry.body.case === undefined) return false;
  foldMembers(state, entry);
  if (entry.seq > state.room.stateSeq) {
    state.room = { ...state.room, ...roomAfter(state.room, entry), stateSeq: entry.seq };
  }
  return true;
}

/** Pins are of the room, and yet no change of its state: `state_seq` says nothing of them. Setting one again is harmless. */
function foldPins(state: RoomState, { body }: Entry): void {
  const unpinned = body.case === "messageUnpinned" || body.case === "messageDeleted";
  if (body.case !== "messagePinned" && !unpinned) return;
  const others = state.room.pinnedSeqs.filter((seq) => seq !== body.value.targetSeq);
  const pinnedSeqs = unpinned ? others : [...others, body.value.targetSeq];
  state.room = { ...state.room, pinnedSeqs };
}

function roomAfter(room: Room, entry: Entry): Partial<Room> {
  const body = entry.body;
  switch (body.case) {
    case "roomUpdated":
      return {
        ...(body.value.changedFields.includes("title") ? { title: body.value.title } : {}),
        ...(body.value.changedFields.includes("attributes") ? { attributes: body.value.attributes } : {}),
      };
    case "roomFrozen":
      return { frozen: true };
    case "roomUnfrozen":
      return { frozen: false };
    case "roomClosed":
      return { closed: true };
    case "roomImported":
      return { authority: "" };
    case "roomHandedBack":
      return { authority: body.value.authority };
    case "membersAdded":
      return { memberCount: room.memberCount + body.value.members.length };
    case "membersRemoved":
      return { memberCount: room.memberCount - body.value.userIds.length };
    case "memberLeft":
      return { memberCount: room.memberCount - 1 };
    default:
      return {};
  }
}

function foldMembers(state: RoomState, entry: Entry): void {
  const body = entry.body;
  switch (body.case) {
    case "roomCreated":
    case "membersAdded":
      for (const joined of body.value.members) setJoined(state, entry, joined);
      return;
    case "membersRemoved":
      for (const userId of body.value.userIds) change(state, userId, { leftSeq: entry.seq });
      return;
    case "memberLeft":
      change(state, body.value.userId, { leftSeq: entry.seq });
      return;
    case "memberRoleChanged":
      change(state, body.value.userId, { role: body.value.role });
      return;
    case "memberMuted":
      change(state, body.value.userId, { mutedUntil: body.value.mutedUntil });
      return;
    case "userBlocked":
      changeBlocks(state, body.value.byUserId, (blocked) => [
        ...without(blocked, body.value.userId),
        body.value.userId,
      ]);
      return;
    case "userUnblocked":
      changeBlocks(state, body.value.byUserId, (blocked) => without(blocked, body.value.userId));
      return;
  }
}

function setJoined(state: RoomState, entry: Entry, { userId, role }: MemberWithRole): void {
  if (!state.members.has(userId)) return;
  const member = state.members.get(userId) ?? create(MemberSchema, { roomId: entry.roomId, userId });
  state.members.set(userId, { ...member, role, joinedSeq: entry.seq, leftSeq: 0 });
}

function change(state: RoomState, userId: string, changed: Partial<Member>): void {
  const member = state.members.get(userId);
  if (member !== undefined) state.members.set(userId, { ...member, ...changed });
}

function changeBlocks(state: RoomState, userId: string, after: (blocked: readonly string[]) => string[]): void {
  const blockedUserIds = after(state.members.get(userId)?.blockedUserIds ?? []);
  change(state, userId, { blockedUserIds });
}

function without(userIds: readonly string[], userId: string): string[] {
  return userIds.filter((one) => one !== userId);
}

export function isPresent(member: Member | undefined): member is Member {
  return member !== undefined && member.joinedSeq > 0 && member.leftSeq === 0;
}
