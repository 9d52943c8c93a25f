import { create } from "@bufbuild/protobuf";
import type { Entry, FreezeRoomRequest, UnfreezeRoomRequest } from "@maru/protocol";
import {
  FreezeRoomRequestSchema,
  RoomFrozenSchema,
  RoomUnfrozenSchema,
  UnfreezeRoomRequestSchema,
} from "@maru/protocol";
import { requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { appendChange } from "./append-change.ts";
import { requireNotClosed } from "./may-write.ts";

export function freezeRoom(domain: Domain, call: Call, request: FreezeRoomRequest): Promise<Entry | undefined> {
  return appendChange(domain, call, FreezeRoomRequestSchema, request, {
    decide(state, actor) {
      requireAdmin(state, actor);
      requireNotClosed(state);
      if (state.room.frozen) return undefined;
      const value = create(RoomFrozenSchema, { reason: request.reason });
      return { body: { case: "roomFrozen", value }, change: { room: { frozen: true } } };
    },
  });
}

export function unfreezeRoom(domain: Domain, call: Call, request: UnfreezeRoomRequest): Promise<Entry | undefined> {
  return appendChange(domain, call, UnfreezeRoomRequestSchema, request, {
    decide(state, actor) {
      requireAdmin(state, actor);
      requireNotClosed(state);
      if (!state.room.frozen) return undefined;
      return { body: { case: "roomUnfrozen", value: create(RoomUnfrozenSchema) }, change: { room: { frozen: false } } };
    },
  });
}
