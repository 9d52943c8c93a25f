import { create, equals } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Entry, MuteMemberRequest } from "@maru/protocol";
import { MemberMutedSchema, MuteMemberRequestSchema } from "@maru/protocol";
import { requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { appendChange } from "./append-change.ts";
import { requireNotClosed } from "./may-write.ts";
import { requirePresent } from "./membership.ts";
import { mutedUntilAt, requireTime } from "./muted-until.ts";

export async function muteMember(domain: Domain, call: Call, request: MuteMemberRequest): Promise<Entry | undefined> {
  const { userId, reason } = request;
  requireTime("muted_until", request.mutedUntil);
  return appendChange(domain, call, MuteMemberRequestSchema, request, {
    userIds: [userId],
    decide(state, actor, { nowMs }) {
      requireAdmin(state, actor);
      requireNotClosed(state);
      const mutedUntil = mutedUntilAt(nowMs, request.mutedUntil);
      if (isSameTime(requirePresent(state, userId).mutedUntil, mutedUntil)) return undefined;
      const value = create(MemberMutedSchema, { userId, mutedUntil, reason });
      return { body: { case: "memberMuted", value }, change: { members: [{ userId, mutedUntil }] } };
    },
  });
}

function isSameTime(one: Timestamp | undefined, other: Timestamp | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return equals(TimestampSchema, one, other);
}
