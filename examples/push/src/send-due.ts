import type { DatabaseSync } from "node:sqlite";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Maru, paginate } from "@maru/client";
import type { Burst } from "./burst.ts";
import { closeDueBursts, closedBursts, removeBurst } from "./burst-queue.ts";
import { decidePushes, type Push, type Recipient } from "./decide-pushes.ts";
import type { Presence } from "./presence.ts";

export interface SendDueDeps {
  /** A connection of its own: that of the handlers has their transactions. */
  readonly db: DatabaseSync;
  readonly maru: Pick<Maru, "rooms">;
  readonly presence: Presence;
  /** Hands a push on; may be called again with the same one. */
  readonly deliver: (push: Push) => Promise<void>;
  readonly windowMs: number;
  readonly nowMs: () => number;
  /** Is told of a burst of which people could not be told; it is tried again. */
  readonly onError: (burst: Burst, error: unknown) => void;
}

/**
 * Tells people of the bursts whose time is over. A burst is forgotten when all its pushes were handed on. Resolves with whether
 * that was so of all of them.
 */
export async function sendDue(deps: SendDueDeps, signal: AbortSignal): Promise<boolean> {
  const { db, deliver, windowMs, nowMs, onError } = deps;
  let wentWell = true;
  closeDueBursts(db, windowMs, nowMs());
  for (const burst of closedBursts(db)) {
    if (signal.aborted) break;
    try {
      const recipients = await readRecipients(deps, burst.roomId);
      for (const push of decidePushes(burst, recipients, nowMs())) await deliver(push);
      removeBurst(db, burst);
    } catch (error) {
      wentWell = false;
      onError(burst, error);
    }
  }
  return wentWell;
}

async function readRecipients({ maru, presence }: SendDueDeps, roomId: string): Promise<Recipient[]> {
  const members = [];
  for await (const member of paginate(maru.rooms.listMembers, { roomId, pageSize: 200 })) members.push(member);
  const connected = await presence(members.map(({ userId }) => userId));
  return members.map(({ userId, joinedSeq, readSeq, notificationsMutedUntil }) => ({
    userId,
    joinedSeq,
    readSeq,
    mutedUntilMs: notificationsMutedUntil && timestampMs(notificationsMutedUntil),
    connected: connected.has(userId),
  }));
}
