import { create } from "@bufbuild/protobuf";
import {
  AddMembersRequestSchema,
  BlockUserRequestSchema,
  CancelMessageRequestSchema,
  CommitMessageRequestSchema,
  DeleteMessageRequestSchema,
  EditMessageRequestSchema,
  GetMessageRequestSchema,
  GetUnreadCountRequestSchema,
  ListEntriesRequestSchema,
  ListMessagesRequestSchema,
  ListMessageVersionsRequestSchema,
  ListPinnedMessagesRequestSchema,
  ListReactionsRequestSchema,
  MarkReadRequestSchema,
  PinMessageRequestSchema,
  RemoveMembersRequestSchema,
  SendMessageRequestSchema,
  SetReactionsRequestSchema,
  UnblockUserRequestSchema,
  UnpinMessageRequestSchema,
  UpdateCardRequestSchema,
} from "@maru/protocol";
import type { Domain } from "../../src/domain/domain.ts";
import { openKind } from "../../src/domain/rooms/room-kind.ts";
import type { DomainModule } from "./domain-module.ts";
import type { MessageCommand } from "./message-command.ts";
import { createModelCards, isCardText, toCard } from "./model-cards.ts";
import { toActor } from "./serve.ts";
import { call, type Server } from "./servers.ts";

/** Low, so that runs reach them. */
export const messageLimits = { maxEdits: 3, maxReactingUsers: 2, maxPins: 2 };
export const editWindowMs = 10 * 60_000;

const modelCards = await createModelCards();

/** More than a run can write, so that one page holds all. */
const pageSize = 10_000;

/** The call of the domain that a command stands for. */
export function serveMessage(module: DomainModule, server: Server, roomId: string, command: MessageCommand) {
  const domain = {
    ...server.domain,
    limits: { ...server.domain.limits, ...messageLimits },
    cards: modelCards,
    kinds: { find: () => ({ ...openKind, editWindowMs }) },
  };
  const written = () => {
    if (!("key" in command)) throw new TypeError("the command writes nothing");
    return { roomId, actor: toActor(command.actor), idempotencyKey: command.key };
  };
  const content = (text: string) => {
    if (isCardText(text)) return { kind: { case: "card" as const, value: toCard(text) } };
    return { kind: { case: "text" as const, value: { text } } };
  };
  const read = (viewer: string | undefined) => (viewer === undefined ? { roomId } : { roomId, actor: toActor(viewer) });
  switch (command.kind) {
    case "send": {
      const request = { ...written(), content: content(command.text), holdMs: command.holdMs };
      return module.sendMessage(domain, call, create(SendMessageRequestSchema, request));
    }
    case "edit": {
      const request = { ...written(), seq: command.seq, content: content(command.text) };
      return module.editMessage(domain, call, create(EditMessageRequestSchema, request));
    }
    case "updateCard": {
      const request = { ...written(), seq: command.seq, card: toCard(command.text, command.type) };
      return module.updateCard(domain, call, create(UpdateCardRequestSchema, request));
    }
    case "delete":
      return module.deleteMessage(domain, call, create(DeleteMessageRequestSchema, { ...written(), seq: command.seq }));
    case "pin":
      return module.pinMessage(domain, call, create(PinMessageRequestSchema, { ...written(), seq: command.seq }));
    case "unpin":
      return module.unpinMessage(domain, call, create(UnpinMessageRequestSchema, { ...written(), seq: command.seq }));
    case "commit":
      return module.commitMessage(domain, call, create(CommitMessageRequestSchema, { ...written(), seq: command.seq }));
    case "cancel":
      return module.cancelMessage(domain, call, create(CancelMessageRequestSchema, { ...written(), seq: command.seq }));
    case "react": {
      const request = { ...written(), seq: command.seq, kinds: [...command.kinds] };
      return module.setReactions(domain, call, create(SetReactionsRequestSchema, request));
    }
    case "add": {
      const members = command.userIds.map((userId) => ({ userId }));
      return module.addMembers(domain, call, create(AddMembersRequestSchema, { ...written(), members }));
    }
    case "remove": {
      const request = { ...written(), userIds: [...command.userIds] };
      return module.removeMembers(domain, call, create(RemoveMembersRequestSchema, request));
    }
    case "block":
      return module.blockUser(domain, call, create(BlockUserRequestSchema, { ...written(), userId: command.userId }));
    case "unblock":
      return module.unblockUser(
        domain,
        call,
        create(UnblockUserRequestSchema, { ...written(), userId: command.userId }),
      );
    case "erase":
      return Array.fromAsync(module.eraseRoom(domain, call, { roomId, userId: command.userId }));
    case "unread":
      return module.getUnreadCount(domain, create(GetUnreadCountRequestSchema, { roomId, userId: command.userId }));
    case "markRead": {
      const request = { roomId, actor: toActor(command.userId), seq: command.seq };
      return module.markRead(domain, call, create(MarkReadRequestSchema, request));
    }
    case "get": {
      const request = { ...read(command.viewer), seq: command.seq };
      return module.getMessage(domain, call, create(GetMessageRequestSchema, request));
    }
    case "versions": {
      const request = { ...read(command.viewer), seq: command.seq };
      return module.listMessageVersions(domain, call, create(ListMessageVersionsRequestSchema, request));
    }
    case "list":
      return module.listMessages(
        domain,
        call,
        create(ListMessagesRequestSchema, { ...read(command.viewer), pageSize }),
      );
    case "pinned":
      return module.listPinnedMessages(domain, call, create(ListPinnedMessagesRequestSchema, read(command.viewer)));
    case "reactions":
      return module.listReactions(domain, create(ListReactionsRequestSchema, { roomId, seq: command.seq, pageSize }));
    case "entries":
      return module.listEntries(domain, create(ListEntriesRequestSchema, { roomId, pageSize }));
    case "expire":
      return module.expireHolds(inRoom(domain, roomId), {
        signal: call.signal,
        known: new Map(),
        pause: async () => undefined,
        onExpired: () => undefined,
        onFailed: () => undefined,
      });
    case "purge":
      return module.purge({ store: domain.store, clock: { nowMs: server.nowMs } }, roomId, command.below);
  }
}

/** On a table that runs share, each looks after the holds of its own room. */
function inRoom(domain: Domain, roomId: string): Domain {
  const listHeldMessages: Domain["store"]["listHeldMessages"] = async (after, limit) => {
    const held = await domain.store.listHeldMessages(after, pageSize);
    return held.filter((place) => place.roomId === roomId).slice(0, limit);
  };
  return { ...domain, store: { ...domain.store, listHeldMessages } };
}
