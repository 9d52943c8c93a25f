import type { Entry, RemoveMembersRequest } from "@maru/protocol";
import { RemoveMembersRequestSchema } from "@maru/protocol";
import { actingUsers, provenActor, requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { toRequestKey } from "../log/request-key.ts";
import { toRemoval } from "./membership.ts";

export async function removeMembers(
  { log }: Domain,
  call: Call,
  request: RemoveMembersRequest,
): Promise<{ readonly entry: Entry | undefined; readonly notMemberUserIds: string[] }> {
  const actor = provenActor(call, request.actor);
  const logged = await append(log, call, {
    roomId: request.roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, log.newKey, RemoveMembersRequestSchema, request),
    userIds: [...new Set([...request.userIds, ...actingUsers(actor)])],
    decide(state, next) {
      requireAdmin(state, actor);
      return toRemoval(state, request.userIds, request.reason, next);
    },
  });
  const body = logged?.entry.body;
  const removed = new Set(body?.case === "membersRemoved" ? body.value.userIds : []);
  return { entry: logged?.entry, notMemberUserIds: request.userIds.filter((userId) => !removed.has(userId)) };
}
