import { create } from "@bufbuild/protobuf";
import { type Actor, ActorSchema, ErrorReason, MemberRole, ServiceActorSchema } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { Call } from "./call.ts";
import { isPresent, type RoomState } from "./log/fold.ts";

/** The actor as it is written: a service bears the name that its credentials prove. */
export function provenActor(call: Call, actor: Actor | undefined): Actor {
  if (actor?.kind.case !== "service") {
    if (actor === undefined) throw new MaruError(ErrorReason.INVALID_REQUEST);
    return actor;
  }
  const name = actor.kind.value.name;
  if (name !== "" && name !== call.caller) {
    throw new MaruError(ErrorReason.CALLER_NOT_ALLOWED, {
      metadata: { caller: call.caller, method: call.method.name },
      message: `the caller is ${call.caller} and cannot act as the service ${name}`,
    });
  }
  return create(ActorSchema, {
    kind: { case: "service", value: create(ServiceActorSchema, { name: call.caller }) },
  });
}

/** The user that acts; undefined for services and the system. */
export function actingUser(actor: Actor): string | undefined {
  return actor.kind.case === "userId" ? actor.kind.value : undefined;
}

export function actingUsers(actor: Actor): string[] {
  const userId = actingUser(actor);
  return userId === undefined ? [] : [userId];
}

/** The acting user of what only users do; `what` completes the sentence "only a user can …". */
export function requireUser(actor: Actor, what: string): string {
  const userId = actingUser(actor);
  if (userId === undefined) throw actorNotAllowed(actor, `only a user can ${what}`);
  return userId;
}

/** `message` says who can. */
export function actorNotAllowed(actor: Actor, message: string): MaruError {
  const kind = actor.kind.case === "userId" ? "user" : (actor.kind.case ?? "");
  return new MaruError(ErrorReason.ACTOR_NOT_ALLOWED, { metadata: { actor: kind }, message });
}

export function notAMember(roomId: string, userId: string): MaruError {
  return new MaruError(ErrorReason.NOT_A_MEMBER, { metadata: { room_id: roomId, user_id: userId } });
}

/** Users write only as members; services and the system are no members and may. */
export function requireMember(state: RoomState, actor: Actor): void {
  const userId = actingUser(actor);
  if (userId !== undefined && !isPresent(state.members.get(userId))) {
    throw notAMember(state.room.roomId, userId);
  }
}

export function requireAdmin(state: RoomState, actor: Actor): void {
  requireMember(state, actor);
  const userId = actingUser(actor);
  if (userId !== undefined && state.members.get(userId)?.role !== MemberRole.ADMIN) {
    throw new MaruError(ErrorReason.ROLE_REQUIRED, {
      metadata: { room_id: state.room.roomId, user_id: userId, role: "MEMBER_ROLE_ADMIN" },
    });
  }
}
