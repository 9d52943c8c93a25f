import type { ServiceImpl } from "@connectrpc/connect";
import type { MessageService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { getMessage } from "../domain/messages/get.ts";
import { listMessages } from "../domain/messages/list.ts";
import { sendMessage } from "../domain/messages/send.ts";
import { callOf } from "./service-call.ts";

export function messageService(domain: Domain): Partial<ServiceImpl<typeof MessageService>> {
  return {
    sendMessage: async (request, context) => ({ entry: await sendMessage(domain, callOf(context), request) }),
    getMessage: async (request) => ({ entry: await getMessage(domain, request) }),
    listMessages: (request) => listMessages(domain, request),
  };
}
