import { create } from "@bufbuild/protobuf";
import type { CloseRoomRequest, Entry } from "@maru/protocol";
import { CloseRoomRequestSchema, RoomClosedSchema } from "@maru/protocol";
import { requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { appendChange } from "./append-change.ts";

export function closeRoom(domain: Domain, call: Call, request: CloseRoomRequest): Promise<Entry | undefined> {
  return appendChange(domain, call, CloseRoomRequestSchema, request, {
    decide(state, actor) {
      requireAdmin(state, actor);
      if (state.room.closed) return undefined;
      const value = create(RoomClosedSchema, { reason: request.reason });
      return { body: { case: "roomClosed", value }, change: { room: { closed: true } } };
    },
  });
}
