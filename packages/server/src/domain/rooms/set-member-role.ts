import { create } from "@bufbuild/protobuf";
import type { Entry, SetMemberRoleRequest } from "@maru/protocol";
import { MemberRoleChangedSchema, SetMemberRoleRequestSchema } from "@maru/protocol";
import { requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { appendChange } from "./append-change.ts";
import { requireNotClosed } from "./may-write.ts";
import { requirePresent } from "./membership.ts";

export function setMemberRole(domain: Domain, call: Call, request: SetMemberRoleRequest): Promise<Entry | undefined> {
  const { userId, role } = request;
  return appendChange(domain, call, SetMemberRoleRequestSchema, request, {
    userIds: [userId],
    decide(state, actor) {
      requireAdmin(state, actor);
      requireNotClosed(state);
      if (requirePresent(state, userId).role === role) return undefined;
      const value = create(MemberRoleChangedSchema, { userId, role });
      return { body: { case: "memberRoleChanged", value }, change: { members: [{ userId, role }] } };
    },
  });
}
