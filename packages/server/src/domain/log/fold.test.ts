import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Entry, EntrySchema, MemberRole, MemberSchema, RoomSchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { fold, isPresent, type RoomState } from "./fold.ts";

const entry = (seq: number, body: MessageInitShape<typeof EntrySchema>["body"], stateSeq = seq): Entry =>
  create(EntrySchema, { roomId: "r", seq, stateSeq, body });
const joined = (...userIds: string[]) => ({
  case: "membersAdded" as const,
  value: { members: userIds.map((userId) => ({ userId, role: MemberRole.MEMBER })) },
});
const removed = (...userIds: string[]) => ({ case: "membersRemoved" as const, value: { userIds } });

function stateOf(
  stateSeq: number,
  memberCount: number,
  askedFor: Record<string, [number, number] | undefined>,
): RoomState {
  const members = Object.entries(askedFor).map(([userId, span]) => {
    const [joinedSeq, leftSeq] = span ?? [];
    const member = span && create(MemberSchema, { userId, role: MemberRole.MEMBER, joinedSeq, leftSeq, readSeq: 3 });
    return [userId, member] as const;
  });
  return { room: create(RoomSchema, { roomId: "r", title: "old", stateSeq, memberCount }), members: new Map(members) };
}

describe("fold", () => {
  it("lets users join, leave and join again, and keeps what is not of the log", () => {
    const state = stateOf(1, 2, { ann: [1, 0], bob: undefined });
    fold(state, entry(2, joined("bob")));
    expect(state.members.get("bob")).toMatchObject({ roomId: "r", userId: "bob", joinedSeq: 2, leftSeq: 0 });
    fold(state, entry(3, removed("ann")));
    expect(isPresent(state.members.get("ann"))).toBe(false);
    fold(state, entry(4, joined("ann")));
    expect(state.members.get("ann")).toMatchObject({ joinedSeq: 4, leftSeq: 0, readSeq: 3 });
    fold(state, entry(5, { case: "memberLeft", value: { userId: "bob" } }));
    expect(state.members.get("bob")).toMatchObject({ joinedSeq: 2, leftSeq: 5 });
    expect(state.room).toMatchObject({ memberCount: 2, stateSeq: 5 });
  });

  it("says nothing of members who were not asked for, but counts them", () => {
    const state = stateOf(1, 1, { ann: [1, 0] });
    fold(state, entry(2, joined("bob", "cem")));
    expect([...state.members.keys()]).toEqual(["ann"]);
    expect(state.room.memberCount).toBe(3);
  });

  it("does not count twice what the state that was read knows already", () => {
    const state = stateOf(3, 2, { ann: [1, 0], bob: [2, 3] });
    fold(state, entry(2, joined("bob")));
    fold(state, entry(3, removed("bob")));
    expect(state.room).toMatchObject({ memberCount: 2, stateSeq: 3 });
    expect(state.members.get("bob")).toMatchObject({ joinedSeq: 2, leftSeq: 3 });
  });

  it("changes roles, mutes, title, attributes, freezing and closing", () => {
    const state = stateOf(1, 1, { ann: [1, 0] });
    fold(state, entry(2, { case: "memberRoleChanged", value: { userId: "ann", role: MemberRole.ADMIN } }));
    fold(state, entry(3, { case: "memberMuted", value: { userId: "ann", mutedUntil: { seconds: 9n } } }));
    expect(state.members.get("ann")).toMatchObject({ role: MemberRole.ADMIN, mutedUntil: { seconds: 9n } });
    fold(state, entry(4, { case: "memberMuted", value: { userId: "ann" } }));
    expect(state.members.get("ann")?.mutedUntil).toBeUndefined();
    fold(state, entry(5, { case: "roomUpdated", value: { changedFields: ["attributes"], attributes: { a: "1" } } }));
    expect(state.room).toMatchObject({ title: "old", attributes: { a: "1" } });
    fold(state, entry(6, { case: "roomUpdated", value: { changedFields: ["title"], title: "new" } }));
    expect(state.room).toMatchObject({ title: "new", attributes: { a: "1" } });
    fold(state, entry(7, { case: "roomFrozen", value: {} }));
    expect(state.room.frozen).toBe(true);
    fold(state, entry(8, { case: "roomUnfrozen", value: {} }));
    fold(state, entry(9, { case: "roomClosed", value: {} }));
    expect(state.room).toMatchObject({ frozen: false, closed: true, stateSeq: 9 });
  });

  it("keeps who blocked whom, and mutes, when a user leaves and joins again", () => {
    const state = stateOf(1, 2, { ann: [1, 0], bob: [1, 0] });
    fold(state, entry(2, { case: "userBlocked", value: { byUserId: "ann", userId: "bob" } }));
    fold(state, entry(3, { case: "userBlocked", value: { byUserId: "ann", userId: "cat" } }));
    fold(state, entry(4, { case: "memberMuted", value: { userId: "ann", mutedUntil: { seconds: 9n } } }));
    fold(state, entry(5, { case: "memberLeft", value: { userId: "ann" } }));
    fold(state, entry(6, joined("ann")));
    const mutedUntil = { seconds: 9n };
    expect(state.members.get("ann")).toMatchObject({ joinedSeq: 6, blockedUserIds: ["bob", "cat"], mutedUntil });
    fold(state, entry(7, { case: "userUnblocked", value: { byUserId: "ann", userId: "bob" } }));
    expect(state.members.get("ann")).toMatchObject({ blockedUserIds: ["cat"], mutedUntil });
  });

  it("passes over entries that change no state, also those that it does not know", () => {
    const state = stateOf(1, 1, { ann: [1, 0] });
    const before = structuredClone(state);
    expect(fold(state, entry(2, { case: "messageSent", value: {} }, 1))).toBe(true);
    expect(fold(state, entry(3, { case: undefined }, 1))).toBe(true);
    expect(state).toEqual(before);
  });

  it("says that it cannot go on over a change of state that it does not know", () => {
    expect(fold(stateOf(1, 1, {}), entry(2, { case: undefined }))).toBe(false);
  });
});
