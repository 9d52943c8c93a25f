import { create } from "@bufbuild/protobuf";
import type { Actor, BlockUserRequest, Entry, UnblockUserRequest } from "@maru/protocol";
import {
  BlockUserRequestSchema,
  ErrorReason,
  UnblockUserRequestSchema,
  UserBlockedSchema,
  UserUnblockedSchema,
} from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actorNotAllowed, provenActor, requireMember, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import type { RoomState } from "../log/fold.ts";
import { appendChange } from "./append-change.ts";
import { requireNotClosed } from "./may-write.ts";
import { memberNotFound } from "./membership.ts";

export async function blockUser(domain: Domain, call: Call, request: BlockUserRequest): Promise<Entry | undefined> {
  const { userId } = request;
  const byUserId = requireTwoUsers(provenActor(call, request.actor), userId);
  return appendChange(domain, call, BlockUserRequestSchema, request, {
    decide(state, actor) {
      const blocked = blockedBy(state, actor, byUserId, userId);
      if (blocked.includes(userId)) return undefined;
      const change = { members: [{ userId: byUserId, blockedUserIds: [...blocked, userId] }] };
      return { body: { case: "userBlocked", value: create(UserBlockedSchema, { byUserId, userId }) }, change };
    },
  });
}

export async function unblockUser(domain: Domain, call: Call, request: UnblockUserRequest): Promise<Entry | undefined> {
  const { userId } = request;
  const byUserId = requireTwoUsers(provenActor(call, request.actor), userId);
  return appendChange(domain, call, UnblockUserRequestSchema, request, {
    decide(state, actor) {
      const blocked = blockedBy(state, actor, byUserId, userId);
      if (!blocked.includes(userId)) return undefined;
      const left = blocked.filter((one) => one !== userId);
      const change = { members: [{ userId: byUserId, blockedUserIds: left }] };
      return { body: { case: "userUnblocked", value: create(UserUnblockedSchema, { byUserId, userId }) }, change };
    },
  });
}

/** The user who blocks. */
function requireTwoUsers(actor: Actor, userId: string): string {
  const byUserId = requireUser(actor, "block another");
  if (byUserId === userId) {
    throw new MaruError(ErrorReason.INVALID_REQUEST, {
      violations: [{ field: "user_id", description: "must be another user than the one who acts" }],
    });
  }
  return byUserId;
}

/** Whom the acting user has blocked. The two must be among the users who define the room; the other one may have left. */
function blockedBy(state: RoomState, actor: Actor, byUserId: string, userId: string): readonly string[] {
  const { roomId, directUserIds } = state.room;
  requireMember(state, actor);
  requireNotClosed(state);
  if (directUserIds.length === 0) throw new MaruError(ErrorReason.ROOM_NOT_DIRECT, { metadata: { room_id: roomId } });
  if (!directUserIds.includes(byUserId)) {
    throw actorNotAllowed(actor, "only the users who define a direct room can block one another");
  }
  if (!directUserIds.includes(userId)) throw memberNotFound(roomId, userId);
  return state.members.get(byUserId)?.blockedUserIds ?? [];
}
