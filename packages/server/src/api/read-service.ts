import type { ServiceImpl } from "@connectrpc/connect";
import type { ReadService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { batchGetUnreadCounts } from "../domain/reading/batch-get-unread-counts.ts";
import { getReadMarkers } from "../domain/reading/get-read-markers.ts";
import { getUnreadCount } from "../domain/reading/get-unread-count.ts";
import { markRead } from "../domain/reading/mark-read.ts";
import { callOf } from "./service-call.ts";

export function readService(domain: Domain): ServiceImpl<typeof ReadService> {
  return {
    markRead: async (request, context) => ({ marker: await markRead(domain, callOf(context), request) }),
    getReadMarkers: (request) => getReadMarkers(domain, request),
    getUnreadCount: async (request) => ({ unread: await getUnreadCount(domain, request) }),
    batchGetUnreadCounts: (request) => batchGetUnreadCounts(domain, request),
  };
}
