import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  ActorSchema,
  AddMembersRequestSchema,
  ContentSchema,
  CreateRoomRequestSchema,
  GetMessageRequestSchema,
  GetReadMarkersRequestSchema,
  GetRoomRequestSchema,
  ListMembersRequestSchema,
  ListMessagesRequestSchema,
  MarkReadRequestSchema,
  MemberRole,
  RemoveMembersRequestSchema,
  SendMessageRequestSchema,
} from "@maru/protocol";
import type { Command } from "./command.ts";
import type { DomainModule } from "./domain-module.ts";
import { serveRoom, serveSettings } from "./serve-room.ts";
import { call, type Server } from "./servers.ts";

export interface Room {
  readonly roomId: string;
  readonly createKey: string;
}

/** More than a run can write, so that one page holds all. */
const pageSize = 10_000;

/** The call of the domain that a command stands for. */
export function serve(module: DomainModule, server: Server, room: Room, command: Command) {
  const { roomId } = room;
  const { domain, nowMs } = server;
  switch (command.kind) {
    case "create":
      return module.createRoom(domain, call, createRequest(room));
    case "send": {
      const content = create(ContentSchema, { kind: { case: "text", value: { text: command.text } } });
      const request = { roomId, actor: toActor(command.actor), content, idempotencyKey: command.key };
      return module.sendMessage(domain, call, create(SendMessageRequestSchema, request));
    }
    case "add": {
      const members = command.members.map(({ userId, role }) => ({ userId, role }));
      const request = { roomId, actor: toActor(command.actor), members, idempotencyKey: command.key };
      return module.addMembers(domain, call, create(AddMembersRequestSchema, request));
    }
    case "remove": {
      const userIds = [...command.userIds];
      const request = { roomId, actor: toActor(command.actor), userIds, idempotencyKey: command.key };
      return module.removeMembers(domain, call, create(RemoveMembersRequestSchema, request));
    }
    case "freeze":
    case "unfreeze":
    case "close":
    case "update":
    case "leave":
    case "setRole":
    case "mute": {
      const request = { roomId, actor: toActor(command.actor), idempotencyKey: command.key };
      return serveRoom(module, server, request, command);
    }
    case "hide":
    case "unhide":
    case "muteNotifications":
      return serveSettings(module, server, { roomId, actor: toActor(command.userId) }, command);
    case "markRead": {
      const request = { roomId, actor: toActor(command.userId), seq: command.seq };
      return module.markRead(domain, call, create(MarkReadRequestSchema, request));
    }
    case "purge":
      return module.purge({ store: domain.store, clock: { nowMs } }, roomId, command.below);
    case "list": {
      const request = { roomId, after: command.after, before: command.before, pageSize };
      return module.listMessages(domain, call, create(ListMessagesRequestSchema, request));
    }
    case "get":
      return module.getMessage(domain, call, create(GetMessageRequestSchema, { roomId, seq: command.seq }));
    case "room":
      return module.getRoom(domain, create(GetRoomRequestSchema, { roomId }));
    case "members":
      return module.listMembers(domain, create(ListMembersRequestSchema, { roomId, pageSize, includeLeft: true }));
    case "markers":
      return module.getReadMarkers(domain, create(GetReadMarkersRequestSchema, { roomId, pageSize }));
  }
}

function createRequest({ createKey }: Room) {
  return create(CreateRoomRequestSchema, {
    actor: toActor("service"),
    kind: "group",
    title: "A room",
    attributes: { b: "2", a: "1" },
    members: [
      { userId: "ann", role: MemberRole.ADMIN },
      { userId: "bob", role: MemberRole.MEMBER },
    ],
    idempotencyKey: createKey,
  });
}

export function toActor(actor: string): Actor {
  return create(ActorSchema, {
    kind: actor === "service" ? { case: "service", value: { name: "" } } : { case: "userId", value: actor },
  });
}
