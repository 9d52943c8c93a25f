import { createHash } from "node:crypto";
import type { Burst } from "./burst.ts";

/** What counts of a member. */
export interface Recipient {
  readonly userId: string;
  /** The entry by which the user joined. */
  readonly joinedSeq: number;
  readonly readSeq: number;
  /** Until when the user wants no notifications of this room; undefined when they are wanted. */
  readonly mutedUntilMs: number | undefined;
  /** Whether an app of the user has a connection: it shows the message itself. */
  readonly connected: boolean;
}

/** A notification for one user. */
export interface Push {
  /** The same for the same burst and user, however often it is delivered: whoever gets it drops repeats. */
  readonly pushId: string;
  readonly userId: string;
  readonly roomId: string;
  readonly senderId: string;
  /** The newest text. */
  readonly text: string;
  readonly messageCount: number;
  /** The first message of them: where the app opens the room. */
  readonly messageSeq: number;
}

/** Who is told of a burst: members who can have seen none of it, and who want to be told. */
export function decidePushes(burst: Burst, recipients: readonly Recipient[], nowMs: number): Push[] {
  const { roomId, senderId, messages } = burst;
  return recipients.flatMap(({ userId, joinedSeq, readSeq, mutedUntilMs, connected }) => {
    if (userId === senderId || connected || (mutedUntilMs !== undefined && mutedUntilMs > nowMs)) return [];
    const unread = messages.filter(({ seq }) => seq > readSeq && seq > joinedSeq);
    const [first, last] = [unread[0], unread.at(-1)];
    if (first === undefined || last === undefined) return [];
    const about = { messageSeq: first.messageSeq, text: last.text, messageCount: unread.length };
    return [{ pushId: pushIdOf(burst, userId), userId, roomId, senderId, ...about }];
  });
}

function pushIdOf({ roomId, messages }: Burst, userId: string): string {
  const facts = JSON.stringify([roomId, messages[0]?.seq, userId]);
  return createHash("sha256").update(facts).digest("base64url").slice(0, 32);
}
