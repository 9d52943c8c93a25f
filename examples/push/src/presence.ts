import { ErrorReason, isReason, type Maru } from "@maru/client";
import { PresenceService } from "@maru/protocol";

/** Says which of the users have an app that is connected. */
export type Presence = (userIds: readonly string[]) => Promise<ReadonlySet<string>>;

const mostUsers = 200;

/** What the gateways know. While they do not know it, nobody counts as connected: a push too many is better than none. */
export function maruPresence(maru: Pick<Maru, "service">): Presence {
  const client = maru.service(PresenceService);
  return async (userIds) => {
    const connected = new Set<string>();
    for (let from = 0; from < userIds.length; from += mostUsers) {
      const { presences } = await client
        .batchGetPresence({ userIds: userIds.slice(from, from + mostUsers) }, { timeoutMs: 2_000 })
        .catch((error: unknown) => {
          if (isReason(error, ErrorReason.REALTIME_UNAVAILABLE)) return { presences: [] };
          throw error;
        });
      for (const { userId, connected: isConnected } of presences) if (isConnected) connected.add(userId);
    }
    return connected;
  };
}
