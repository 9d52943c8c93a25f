import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Actor, MemberWithRole, NewMember, Room, RoomCreated } from "@maru/protocol";
import { EntrySchema, ErrorReason, MemberRole, MemberWithRoleSchema, RoomSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { RequestKey } from "../log/request-key.ts";
import type { LoggedEntry, StateChange } from "../store.ts";

export function toMembersWithRoles(members: readonly NewMember[]): MemberWithRole[] {
  const byUser = new Map<string, MemberWithRole>();
  members.forEach(({ userId, role }, index) => {
    if (byUser.has(userId)) {
      throw new MaruError(ErrorReason.INVALID_REQUEST, {
        violations: [{ field: `members[${index}].user_id`, description: "is named twice" }],
      });
    }
    const given = role === MemberRole.UNSPECIFIED ? MemberRole.MEMBER : role;
    byUser.set(userId, create(MemberWithRoleSchema, { userId, role: given }));
  });
  return [...byUser.values()];
}

/** Entry 1 of a room and the state that it makes. */
export function toCreation(
  call: Call,
  actor: Actor,
  key: RequestKey,
  roomId: string,
  body: RoomCreated,
  nowMs: number,
): { readonly first: LoggedEntry; readonly room: Room; readonly change: StateChange } {
  const createdAt = timestampFromMs(nowMs);
  const entry = create(EntrySchema, {
    roomId,
    seq: 1,
    type: "room_created",
    actor,
    caller: call.caller,
    createdAt,
    stateSeq: 1,
    idempotencyKey: key.value,
    traceparent: call.traceparent ?? "",
    body: { case: "roomCreated", value: body },
  });
  const room = create(RoomSchema, {
    roomId,
    kind: body.kind,
    title: body.title,
    attributes: body.attributes,
    subject: body.subject,
    createdBy: actor,
    createdAt,
    memberCount: body.members.length,
    stateSeq: 1,
    directUserIds: body.directUserIds,
  });
  const members = body.members.map(({ userId, role }) => ({ userId, role, joinedSeq: 1, leftSeq: 0 }));
  return {
    first: { entry, requestHash: key.requestHash, appendedAtMs: nowMs },
    room,
    change: { create: room, members },
  };
}

/** A room as callers see it: what is stored, and what the log's tail says. */
export function withTail(room: Room, tail: LoggedEntry | undefined): Room {
  return { ...room, lastSeq: tail?.entry.seq ?? 0, lastEntryAt: tail?.entry.createdAt };
}
