import type { Entry, LeaveRoomRequest } from "@maru/protocol";
import { LeaveRoomRequestSchema } from "@maru/protocol";
import { provenActor, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { appendChange } from "./append-change.ts";
import { toLeaving } from "./membership.ts";

export async function leaveRoom(domain: Domain, call: Call, request: LeaveRoomRequest): Promise<Entry | undefined> {
  const userId = requireUser(provenActor(call, request.actor), "leave a room");
  return appendChange(domain, call, LeaveRoomRequestSchema, request, {
    decide: (state, _actor, next) => toLeaving(state, userId, next),
  });
}
