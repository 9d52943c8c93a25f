import type { Entry } from "@maru/protocol";

/** So many entries are read, handed over and sent at once. */
export const partEntries = 50;

/** Tells of new entries, room by room. A push source can stand in for one that looks at the table. */
export interface TailFeed {
  /** Follows a room until it is disposed of. A call that watches follows once, from its beginning to its end. */
  follow(roomId: string): FollowedTail;
}

export interface FollowedTail extends Disposable {
  /**
   * Calls `wake` once, as soon as the room is known to have more than `after`, which the caller has read up to: with
   * the entries that follow `after` directly, or with none when they are to be read from the table. Whoever reads
   * slowly is waited for by nobody: nothing is kept for them.
   */
  whenGrown(after: number, wake: (next: readonly Entry[]) => void): Disposable;
  /** Why it is not known, at present, how far the log goes. */
  readonly failure: unknown;
}
