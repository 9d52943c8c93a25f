import type { ServiceImpl } from "@connectrpc/connect";
import type { RoomService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { addMembers } from "../domain/rooms/add-members.ts";
import { blockUser, unblockUser } from "../domain/rooms/block-user.ts";
import { closeRoom } from "../domain/rooms/close.ts";
import { createRoom } from "../domain/rooms/create.ts";
import { findOrCreateDirect } from "../domain/rooms/find-or-create-direct.ts";
import { freezeRoom, unfreezeRoom } from "../domain/rooms/freeze.ts";
import { batchGetRooms, getRoom } from "../domain/rooms/get.ts";
import { hideRoom, unhideRoom } from "../domain/rooms/hide.ts";
import { leaveRoom } from "../domain/rooms/leave.ts";
import { listRooms } from "../domain/rooms/list.ts";
import { listMembers } from "../domain/rooms/list-members.ts";
import { muteMember } from "../domain/rooms/mute-member.ts";
import { muteNotifications } from "../domain/rooms/mute-notifications.ts";
import { removeMembers } from "../domain/rooms/remove-members.ts";
import { setMemberRole } from "../domain/rooms/set-member-role.ts";
import { updateRoom } from "../domain/rooms/update.ts";
import { callOf } from "./service-call.ts";

export function roomService(domain: Domain): ServiceImpl<typeof RoomService> {
  return {
    createRoom: (request, context) => createRoom(domain, callOf(context), request),
    findOrCreateDirect: (request, context) => findOrCreateDirect(domain, callOf(context), request),
    getRoom: async (request) => ({ room: await getRoom(domain, request) }),
    batchGetRooms: (request) => batchGetRooms(domain, request),
    addMembers: (request, context) => addMembers(domain, callOf(context), request),
    removeMembers: (request, context) => removeMembers(domain, callOf(context), request),
    listMembers: (request) => listMembers(domain, request),
    updateRoom: (request, context) => updateRoom(domain, callOf(context), request),
    freezeRoom: async (request, context) => ({ entry: await freezeRoom(domain, callOf(context), request) }),
    unfreezeRoom: async (request, context) => ({ entry: await unfreezeRoom(domain, callOf(context), request) }),
    closeRoom: async (request, context) => ({ entry: await closeRoom(domain, callOf(context), request) }),
    leaveRoom: async (request, context) => ({ entry: await leaveRoom(domain, callOf(context), request) }),
    setMemberRole: async (request, context) => ({ entry: await setMemberRole(domain, callOf(context), request) }),
    muteMember: async (request, context) => ({ entry: await muteMember(domain, callOf(context), request) }),
    blockUser: async (request, context) => ({ entry: await blockUser(domain, callOf(context), request) }),
    unblockUser: async (request, context) => ({ entry: await unblockUser(domain, callOf(context), request) }),
    hideRoom: async (request, context) => ({ member: await hideRoom(domain, callOf(context), request) }),
    unhideRoom: async (request, context) => ({ member: await unhideRoom(domain, callOf(context), request) }),
    muteNotifications: async (request, context) => ({
      member: await muteNotifications(domain, callOf(context), request),
    }),
    listRooms: (request) => listRooms(domain, request),
  };
}
