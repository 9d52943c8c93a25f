import type { Entry, Member, MemberRole, Room } from "@maru/protocol";

/** An entry with what the server keeps beside it. */
export interface LoggedEntry {
  readonly entry: Entry;
  /** Hash of the request that made the entry. Written once; erasure removes it. */
  readonly requestHash: string | undefined;
  /** When the entry was appended, by the clock of the server that did. Unlike `created_at` never taken from an import. */
  readonly appendedAtMs: number;
}

/** What an entry changes beside the log, written with it in one transaction. */
export interface StateChange {
  /** The room comes into being; refused when it exists. `lastSeq` and `lastEntryAt` are not stored. */
  readonly create?: Room;
  /** Fields of the room that get a new value. */
  readonly room?: Partial<Pick<Room, "title" | "attributes" | "frozen" | "closed" | "memberCount">>;
  readonly members?: readonly MemberChange[];
}

/** New values of a member. The read position is not among them: MarkRead moves it outside the log. */
export interface MemberChange {
  readonly userId: string;
  readonly role: MemberRole;
  readonly joinedSeq: number;
  /** 0 while the user is a member. */
  readonly leftSeq: number;
}

/** Losing a race is a value, not an exception. */
export type PutOutcome =
  | { readonly kind: "stored" }
  /** The number is taken (or the room exists). `winner` is who has it; undefined when retention removed it. */
  | { readonly kind: "taken"; readonly winner: LoggedEntry | undefined }
  /** A transaction on the same items was under way: nothing was decided, try the same number again. */
  | { readonly kind: "conflict" };

export type MarkReadOutcome =
  | { readonly kind: "moved"; readonly readSeq: number }
  | { readonly kind: "unchanged"; readonly readSeq: number }
  | { readonly kind: "not_a_member" };

export interface EntryRange {
  readonly roomId: string;
  /** Only higher numbers. */
  readonly after?: number;
  /** Only lower numbers. */
  readonly before?: number;
  /** Default: oldest first. */
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/**
 * What the domain needs of a table. Every read is strongly consistent: it sees all writes that ended before it began.
 * A method that cannot reach the table throws MaruError(STORE_UNAVAILABLE); whether a write took place is then unknown.
 */
export interface Store {
  /** One conditional put: succeeds only if nobody has this number. */
  putEntry(entry: LoggedEntry, signal?: AbortSignal): Promise<PutOutcome>;
  /** The same with state changes, all or nothing. At most 90 members. */
  putEntryWithState(entry: LoggedEntry, change: StateChange, signal?: AbortSignal): Promise<PutOutcome>;

  /** Fewer than `limit` only when the range has no more. */
  readEntries(range: EntryRange): Promise<LoggedEntry[]>;
  readEntry(roomId: string, seq: number): Promise<LoggedEntry | undefined>;

  /** Without `lastSeq` and `lastEntryAt`, which the log's tail says. */
  readRoom(roomId: string): Promise<Room | undefined>;
  /** Up to 100 rooms; those that do not exist are left out. */
  readRooms(roomIds: readonly string[]): Promise<Map<string, Room>>;

  /** Up to 100 users, also those who left; those who never were members are left out. */
  readMembers(roomId: string, userIds: readonly string[]): Promise<Map<string, Member>>;
  /** By user id, also those who left. Fewer than `limit` only at the end. */
  listMembers(roomId: string, afterUserId: string | undefined, limit: number): Promise<Member[]>;
  /** Moves the position forward, only for a present member. */
  markRead(roomId: string, userId: string, seq: number): Promise<MarkReadOutcome>;

  /** Never lowers it. The room must exist. */
  raisePurgedBelow(roomId: string, below: number): Promise<void>;
  deleteEntries(roomId: string, seqs: readonly number[]): Promise<void>;
}
