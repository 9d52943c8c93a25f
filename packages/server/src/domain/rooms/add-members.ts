import type { AddMembersRequest, Entry } from "@maru/protocol";
import { AddMembersRequestSchema } from "@maru/protocol";
import { actingUsers, provenActor, requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { toRequestKey } from "../log/request-key.ts";
import { toMembersWithRoles } from "./creation.ts";
import { toJoin } from "./membership.ts";

export async function addMembers(
  { log, kinds }: Domain,
  call: Call,
  request: AddMembersRequest,
): Promise<{ readonly entry: Entry | undefined; readonly alreadyMemberUserIds: string[] }> {
  const actor = provenActor(call, request.actor);
  const members = toMembersWithRoles(request.members);
  const userIds = members.map(({ userId }) => userId);
  const logged = await append(log, call, {
    roomId: request.roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, log.newKey, AddMembersRequestSchema, request),
    userIds: [...new Set([...userIds, ...actingUsers(actor)])],
    decide(state, next) {
      requireAdmin(state, actor);
      return toJoin(kinds, state, members, next);
    },
  });
  const body = logged?.entry.body;
  const joined = new Set(body?.case === "membersAdded" ? body.value.members.map(({ userId }) => userId) : []);
  return { entry: logged?.entry, alreadyMemberUserIds: userIds.filter((userId) => !joined.has(userId)) };
}
