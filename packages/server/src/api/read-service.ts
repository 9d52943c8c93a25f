import type { ServiceImpl } from "@connectrpc/connect";
import type { ReadService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { getReadMarkers } from "../domain/reading/get-read-markers.ts";
import { markRead } from "../domain/reading/mark-read.ts";
import { callOf } from "./service-call.ts";

export function readService(domain: Domain): Partial<ServiceImpl<typeof ReadService>> {
  return {
    markRead: async (request, context) => ({ marker: await markRead(domain, callOf(context), request) }),
    getReadMarkers: (request) => getReadMarkers(domain, request),
  };
}
