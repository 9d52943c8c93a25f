/** A room's place in a user's list. */
export interface InboxPlace {
  readonly roomId: string;
  /** Time of the newest entry, as far as the inbox knows. */
  readonly lastEntryAtMs: number;
}

export interface InboxRoom extends InboxPlace {
  readonly memberCount: number;
}

/**
 * The rooms of users by activity, latest first, kept beside the table. It says which rooms a page has and in which order;
 * what is told of them is read from the table. Rooms that the user has left may be in it; a room that they are in is missing only
 * for as long as its newest entry has not been published.
 */
export interface Inbox {
  /** What follows a place. Undefined when nothing is known of the user, or nobody answers: walk then. Never rejects. */
  read(userId: string, after: InboxPlace | undefined, limit: number): Promise<readonly InboxPlace[] | undefined>;
  /**
   * Before the rooms of the user are read: what is published from then on is not lost to what is built from them. Undefined
   * when nobody answers. Never rejects.
   */
  begin(userId: string): Promise<InboxBuild | undefined>;
  /** These are not the user's, unless they have moved since they were read. Never rejects. */
  remove(userId: string, places: readonly InboxPlace[]): Promise<void>;
}

export interface InboxBuild {
  /** All rooms of the user as they were read. Never rejects: without an inbox lists are walked. */
  complete(rooms: readonly InboxRoom[]): Promise<void>;
}
