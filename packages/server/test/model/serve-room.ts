import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Actor,
  CloseRoomRequestSchema,
  FreezeRoomRequestSchema,
  HideRoomRequestSchema,
  LeaveRoomRequestSchema,
  MuteMemberRequestSchema,
  MuteNotificationsRequestSchema,
  SetMemberRoleRequestSchema,
  UnfreezeRoomRequestSchema,
  UnhideRoomRequestSchema,
  UpdateRoomRequestSchema,
} from "@maru/protocol";
import type { DomainModule } from "./domain-module.ts";
import type { RoomCommand, SettingsCommand, UpdateCommand } from "./room-command.ts";
import { call, type Server } from "./servers.ts";

export function serveRoom(
  module: DomainModule,
  { domain }: Server,
  request: { readonly roomId: string; readonly actor: Actor; readonly idempotencyKey: string },
  command: RoomCommand,
) {
  switch (command.kind) {
    case "freeze":
      return module.freezeRoom(domain, call, create(FreezeRoomRequestSchema, request));
    case "unfreeze":
      return module.unfreezeRoom(domain, call, create(UnfreezeRoomRequestSchema, request));
    case "close":
      return module.closeRoom(domain, call, create(CloseRoomRequestSchema, request));
    case "update":
      return module.updateRoom(domain, call, create(UpdateRoomRequestSchema, { ...request, ...changes(command) }));
    case "leave":
      return module.leaveRoom(domain, call, create(LeaveRoomRequestSchema, request));
    case "setRole": {
      const { userId, role } = command;
      return module.setMemberRole(domain, call, create(SetMemberRoleRequestSchema, { ...request, userId, role }));
    }
    case "mute": {
      const { userId, untilMs } = command;
      const muting = { ...request, userId, mutedUntil: time(untilMs) };
      return module.muteMember(domain, call, create(MuteMemberRequestSchema, muting));
    }
  }
}

export function serveSettings(
  module: DomainModule,
  { domain }: Server,
  request: { readonly roomId: string; readonly actor: Actor },
  command: SettingsCommand,
) {
  switch (command.kind) {
    case "hide":
      return module.hideRoom(domain, call, create(HideRoomRequestSchema, request));
    case "unhide":
      return module.unhideRoom(domain, call, create(UnhideRoomRequestSchema, request));
    case "muteNotifications": {
      const muting = { ...request, mutedUntil: time(command.untilMs) };
      return module.muteNotifications(domain, call, create(MuteNotificationsRequestSchema, muting));
    }
  }
}

function changes({
  title,
  attribute,
  expectedStateSeq,
}: UpdateCommand): MessageInitShape<typeof UpdateRoomRequestSchema> {
  const { name, value } = attribute ?? {};
  return {
    updateMask: {
      paths: [...(title === undefined ? [] : ["title"]), ...(name === undefined ? [] : [`attributes.${name}`])],
    },
    title: title ?? "not in the mask",
    attributes: { ignored: "not in the mask", ...(name === undefined || value === undefined ? {} : { [name]: value }) },
    ...(expectedStateSeq === undefined ? {} : { expectedStateSeq }),
  };
}

function time(ms: number | undefined) {
  return ms === undefined ? undefined : timestampFromMs(ms);
}
