import { create } from "@bufbuild/protobuf";
import type { Actor, FindOrCreateDirectRequest, Room } from "@maru/protocol";
import {
  ErrorReason,
  FindOrCreateDirectRequestSchema,
  MemberRole,
  MemberWithRoleSchema,
  RoomCreatedSchema,
} from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actingUser, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, firstAnswer } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { keyScopeOf, type RequestKey, toRequestKey } from "../log/request-key.ts";
import { toCreation, withTail } from "./creation.ts";
import { toJoin } from "./membership.ts";
import { putCreation, readExisting } from "./put-creation.ts";
import { deriveRoomId } from "./room-id.ts";
import { requireMayCreate } from "./room-kind.ts";

export async function findOrCreateDirect(
  domain: Domain,
  call: Call,
  request: FindOrCreateDirectRequest,
): Promise<{ readonly room: Room; readonly created: boolean }> {
  const { log, store } = domain;
  const actor = provenActor(call, request.actor);
  const userIds = [...request.userIds].sort();
  requireParticipant(actor, userIds);
  const key = toRequestKey(
    call.caller,
    actor,
    request.idempotencyKey,
    log.newKey,
    FindOrCreateDirectRequestSchema,
    request,
  );
  const derivedId = deriveRoomId("direct", [request.kind, request.subject, ...userIds]);

  let existing = await readExisting(store, derivedId);
  if (existing === undefined) {
    const body = create(RoomCreatedSchema, {
      kind: request.kind,
      title: request.title,
      attributes: request.attributes,
      subject: request.subject,
      members: userIds.map((userId) => create(MemberWithRoleSchema, { userId, role: MemberRole.MEMBER })),
      directUserIds: userIds,
    });
    const creation = toCreation(call, actor, key, derivedId, body, log.clock.nowMs());
    requireMayCreate(domain.kinds, creation.room, call.caller);
    existing = await putCreation(domain, creation);
    if (existing === undefined) return { room: withTail(creation.room, creation.first), created: true };
  }
  const { roomId } = existing.room;
  const created = keyScopeOf(existing.first.entry) === key.scope;
  if (created) firstAnswer(existing.first, { key, roomId });
  else if (await rejoin(domain, call, actor, key, roomId)) existing = (await readExisting(store, roomId)) ?? existing;
  return { room: withTail(existing.room, existing.tail), created };
}

function requireParticipant(actor: Actor, userIds: readonly string[]): void {
  const userId = actingUser(actor);
  if (userId !== undefined && !userIds.includes(userId)) {
    throw new MaruError(ErrorReason.INVALID_REQUEST, {
      violations: [{ field: "actor.user_id", description: "must be one of user_ids" }],
    });
  }
}

/** Whether the acting user had left and joined again: now, or when the key came first. */
async function rejoin(domain: Domain, call: Call, actor: Actor, key: RequestKey, roomId: string): Promise<boolean> {
  const userId = actingUser(actor);
  if (userId === undefined) return false;
  const members = await domain.store.readMembers(roomId, [userId]);
  if (isPresent(members.get(userId))) return false;
  const joined = await append(domain.log, call, {
    roomId,
    actor,
    key,
    userIds: [userId],
    decide: (state, next) =>
      toJoin(domain.kinds, state, [create(MemberWithRoleSchema, { userId, role: MemberRole.MEMBER })], next),
  });
  return joined !== undefined;
}
