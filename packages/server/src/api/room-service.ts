import type { ServiceImpl } from "@connectrpc/connect";
import type { RoomService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { addMembers } from "../domain/rooms/add-members.ts";
import { createRoom } from "../domain/rooms/create.ts";
import { findOrCreateDirect } from "../domain/rooms/find-or-create-direct.ts";
import { batchGetRooms, getRoom } from "../domain/rooms/get.ts";
import { listMembers } from "../domain/rooms/list-members.ts";
import { removeMembers } from "../domain/rooms/remove-members.ts";
import { callOf } from "./service-call.ts";

export function roomService(domain: Domain): Partial<ServiceImpl<typeof RoomService>> {
  return {
    createRoom: (request, context) => createRoom(domain, callOf(context), request),
    findOrCreateDirect: (request, context) => findOrCreateDirect(domain, callOf(context), request),
    getRoom: async (request) => ({ room: await getRoom(domain, request) }),
    batchGetRooms: (request) => batchGetRooms(domain, request),
    addMembers: (request, context) => addMembers(domain, callOf(context), request),
    removeMembers: (request, context) => removeMembers(domain, callOf(context), request),
    listMembers: (request) => listMembers(domain, request),
  };
}
