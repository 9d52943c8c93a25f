import { createClient, type Transport } from "@connectrpc/connect";
import {
  AdminService,
  CardService,
  EventService,
  MessageService,
  PresenceService,
  ReadService,
  RoomService,
} from "@maru/protocol";
import type { Clients } from "./conformance-case.ts";

export function createClients(transport: Transport): Clients {
  return {
    rooms: createClient(RoomService, transport),
    messages: createClient(MessageService, transport),
    events: createClient(EventService, transport),
    reads: createClient(ReadService, transport),
    presence: createClient(PresenceService, transport),
    cards: createClient(CardService, transport),
    admin: createClient(AdminService, transport),
    transport,
  };
}
