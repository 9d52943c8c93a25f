import type { ServiceImpl } from "@connectrpc/connect";
import type { PresenceService } from "@maru/protocol";
import type { Domain } from "../domain/domain.ts";
import { batchGetPresence } from "../domain/presence/batch-get-presence.ts";

export function presenceService(domain: Domain): ServiceImpl<typeof PresenceService> {
  return {
    batchGetPresence: async (request) => ({ presences: await batchGetPresence(domain, request) }),
  };
}
