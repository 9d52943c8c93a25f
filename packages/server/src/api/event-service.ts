import type { ServiceImpl } from "@connectrpc/connect";
import type { EventService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { listEntries } from "../domain/events/list-entries.ts";

export function eventService(domain: Domain): Partial<ServiceImpl<typeof EventService>> {
  return {
    listEntries: (request) => listEntries(domain, request),
  };
}
