import type { ServiceImpl } from "@connectrpc/connect";
import type { MessageService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { batchSendMessages } from "../domain/messages/batch-send.ts";
import { cancelMessage } from "../domain/messages/cancel.ts";
import { commitMessage } from "../domain/messages/commit.ts";
import { deleteMessage } from "../domain/messages/delete.ts";
import { editMessage } from "../domain/messages/edit.ts";
import { getMessage } from "../domain/messages/get.ts";
import { listMessages } from "../domain/messages/list.ts";
import { listPinnedMessages } from "../domain/messages/list-pinned.ts";
import { listReactions } from "../domain/messages/list-reactions.ts";
import { listMessageVersions } from "../domain/messages/list-versions.ts";
import { pinMessage } from "../domain/messages/pin.ts";
import { sendMessage } from "../domain/messages/send.ts";
import { setReactions } from "../domain/messages/set-reactions.ts";
import { unpinMessage } from "../domain/messages/unpin.ts";
import { updateCard } from "../domain/messages/update-card.ts";
import { callOf } from "./service-call.ts";

export function messageService(domain: Domain): ServiceImpl<typeof MessageService> {
  return {
    sendMessage: async (request, context) => ({ entry: await sendMessage(domain, callOf(context), request) }),
    getMessage: async (request, context) => ({ entry: await getMessage(domain, callOf(context), request) }),
    listMessages: (request, context) => listMessages(domain, callOf(context), request),
    batchSendMessages: async (request, context) => ({
      results: await batchSendMessages(domain, callOf(context), request),
    }),
    editMessage: async (request, context) => ({ entry: await editMessage(domain, callOf(context), request) }),
    listMessageVersions: async (request, context) => ({
      versions: await listMessageVersions(domain, callOf(context), request),
    }),
    deleteMessage: async (request, context) => ({ entry: await deleteMessage(domain, callOf(context), request) }),
    setReactions: (request, context) => setReactions(domain, callOf(context), request),
    listReactions: (request) => listReactions(domain, request),
    pinMessage: async (request, context) => ({ entry: await pinMessage(domain, callOf(context), request) }),
    unpinMessage: async (request, context) => ({ entry: await unpinMessage(domain, callOf(context), request) }),
    listPinnedMessages: async (request, context) => ({
      entries: await listPinnedMessages(domain, callOf(context), request),
    }),
    commitMessage: async (request, context) => ({ entry: await commitMessage(domain, callOf(context), request) }),
    cancelMessage: async (request, context) => ({ entry: await cancelMessage(domain, callOf(context), request) }),
    updateCard: async (request, context) => ({ entry: await updateCard(domain, callOf(context), request) }),
  };
}
