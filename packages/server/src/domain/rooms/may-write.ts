import { timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Actor } from "@maru/protocol";
import { ErrorReason, MemberRole } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actingUser, requireMember } from "../actor.ts";
import type { NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { kindOf, type RoomKinds } from "./room-kind.ts";

/** Whether the actor may write into the room now: messages, and what hangs on them. */
export function requireMayWrite(kinds: RoomKinds, state: RoomState, actor: Actor, next: NextEntry): void {
  requireNotClosed(state);
  requireNotFrozen(state, actor);
  requireMember(state, actor);
  const userId = actingUser(actor);
  if (userId === undefined) return;
  requireWriter(kinds, state, userId);
  requireNotMuted(state, userId, next);
  requireNotBlocked(state, userId);
}

export function requireNotClosed({ room }: RoomState): void {
  if (room.closed) throw new MaruError(ErrorReason.ROOM_CLOSED, { metadata: { room_id: room.roomId } });
}

/** A frozen room takes notices of the system, so that it can say why it is frozen. */
function requireNotFrozen({ room }: RoomState, actor: Actor): void {
  if (room.frozen && actor.kind.case !== "system") {
    throw new MaruError(ErrorReason.ROOM_FROZEN, { metadata: { room_id: room.roomId } });
  }
}

function requireWriter(kinds: RoomKinds, state: RoomState, userId: string): void {
  const { writers } = kindOf(kinds, state.room);
  const isAdmin = state.members.get(userId)?.role === MemberRole.ADMIN;
  if (writers === "members" || (writers === "admins" && isAdmin)) return;
  throw new MaruError(ErrorReason.ROLE_REQUIRED, {
    metadata: {
      room_id: state.room.roomId,
      user_id: userId,
      role: writers === "admins" ? "MEMBER_ROLE_ADMIN" : "service",
    },
    message: `in rooms of the kind ${state.room.kind} only ${writers} may write`,
  });
}

function requireNotMuted(state: RoomState, userId: string, next: NextEntry): void {
  const mutedUntil = state.members.get(userId)?.mutedUntil;
  if (mutedUntil !== undefined && timestampMs(mutedUntil) > next.nowMs) {
    throw new MaruError(ErrorReason.MEMBER_MUTED, {
      metadata: { room_id: state.room.roomId, user_id: userId, muted_until: timestampDate(mutedUntil).toISOString() },
    });
  }
}

/** Both ways: neither who blocked nor who is blocked can write to the other. */
function requireNotBlocked(state: RoomState, userId: string): void {
  const others = state.room.directUserIds.filter((other) => other !== userId);
  const hasBlocked = (one: string, other: string) => state.members.get(one)?.blockedUserIds.includes(other) ?? false;
  const other = others.find((one) => hasBlocked(userId, one) || hasBlocked(one, userId));
  if (other === undefined) return;
  const [by, blocked] = hasBlocked(userId, other) ? [userId, other] : [other, userId];
  throw new MaruError(ErrorReason.USER_BLOCKED, {
    metadata: { room_id: state.room.roomId, by_user_id: by, user_id: blocked },
  });
}
