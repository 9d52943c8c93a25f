import type { ServiceImpl } from "@connectrpc/connect";
import type { EventService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { listEntries } from "../domain/events/list-entries.ts";
import { type Watching, watchRoom } from "../domain/events/watch-room.ts";
import { callOf } from "./service-call.ts";

export function eventService(domain: Domain, watching: Watching): ServiceImpl<typeof EventService> {
  return {
    listEntries: (request) => listEntries(domain, request),
    watchRoom: (request, context) => watchRoom(watching, callOf(context), request),
  };
}
