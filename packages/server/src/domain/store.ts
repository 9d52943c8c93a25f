import type { Content, Entry, Member, Mention, Room } from "@maru/protocol";

/** An entry with what the server keeps beside it. */
export interface LoggedEntry {
  readonly entry: Entry;
  /** Hash of the request that made the entry. Written once; erasure removes it. */
  readonly requestHash: string | undefined;
  /** When the entry was appended, by the clock of the server that did. Unlike `created_at` never taken from an import. */
  readonly appendedAtMs: number;
  /** For messages that were changed, or reacted to. */
  readonly record?: MessageRecord | undefined;
  /** Why the table's item is no entry, although its key says so: what is here is what could be read of it. */
  readonly unreadable?: string;
}

/** What the server keeps of a message beside what callers see. */
export interface MessageRecord {
  /** Entries that carry content of the message beside its own: edits, card updates, the commit. Oldest first. */
  readonly contentSeqs: readonly number[];
  /** What it said before the first change. */
  readonly original: MessageSaying | undefined;
  /** The reactions of each user, in the order in which users first reacted. */
  readonly reactions: ReadonlyMap<string, readonly string[]>;
}

export interface MessageSaying {
  readonly content: Content | undefined;
  readonly mentions: readonly Mention[];
}

/** What an entry changes beside itself, written with it in one transaction. `room` and `members` are the room's state. */
export interface StateChange {
  /** The room comes into being; refused when it exists. `lastSeq` and `lastEntryAt` are not stored. */
  readonly create?: Room;
  /** Fields of the room that get a new value. */
  readonly room?: Partial<Pick<Room, "title" | "attributes" | "frozen" | "closed" | "memberCount" | "authority">>;
  readonly members?: readonly MemberChange[];
  /** All pinned messages after the change. */
  readonly pinnedSeqs?: readonly number[];
  /** Earlier entries of the room that get another body. */
  readonly entries?: readonly EntryChange[];
}

/**
 * New values of a member; what is not named stays. The read position is not among them: MarkRead moves it outside the
 * log, as SetMemberSettings does with what only the user hears of.
 */
export interface MemberChange
  extends Partial<Pick<Member, "role" | "joinedSeq" | "leftSeq" | "mutedUntil" | "blockedUserIds">> {
  readonly userId: string;
}

/** The entry as it is from now on. Its number, sender, times and request hash stay as they are. */
export interface EntryChange {
  readonly seq: number;
  readonly body: Entry["body"];
  readonly record?: MessageRecord | undefined;
  /** Erasure: the hash could be used to guess what was written. */
  readonly withoutRequestHash?: true;
}

/** What a user sets for themselves; what is not named stays. */
export type MemberSettings = Partial<Pick<Member, "hiddenSeq" | "notificationsMutedUntil">>;

export type MemberSettingsOutcome =
  | { readonly kind: "set"; readonly member: Member }
  | { readonly kind: "not_a_member" };

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

export interface MemberPlace {
  readonly roomId: string;
  readonly userId: string;
}

export interface EntryPlace {
  readonly roomId: string;
  readonly seq: number;
}

/** Into so many parts all rooms fall, by a hash of their ids, for the jobs that walk them. */
export const roomBucketCount = 256;

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
  /** Up to 100 entries by their numbers, ascending; those that are not there are left out. */
  readEntriesAt(roomId: string, seqs: readonly number[]): Promise<LoggedEntry[]>;

  /** Without `lastSeq` and `lastEntryAt`, which the log's tail says. */
  readRoom(roomId: string): Promise<Room | undefined>;
  /** The room that is meant by an id that was derived, where it has another: it was imported, and kept its own. */
  readAlias(roomId: string): Promise<string | undefined>;
  /** Up to 100 rooms; those that do not exist are left out. */
  readRooms(roomIds: readonly string[]): Promise<Map<string, Room>>;

  /** Up to 100 users, also those who left; those who never were members are left out. */
  readMembers(roomId: string, userIds: readonly string[]): Promise<Map<string, Member>>;
  /** The same in many rooms: up to 100 in all, in no order. */
  readMembersAt(places: readonly MemberPlace[]): Promise<Member[]>;
  /** By user id, also those who left. Fewer than `limit` only at the end. */
  listMembers(roomId: string, afterUserId: string | undefined, limit: number): Promise<Member[]>;
  /** Only for a present member. */
  setMemberSettings(roomId: string, userId: string, settings: MemberSettings): Promise<MemberSettingsOutcome>;
  /** Moves the position forward, only for a present member. */
  markRead(roomId: string, userId: string, seq: number): Promise<MarkReadOutcome>;

  /**
   * Ids of rooms that a user is, or was, a member of, ascending. Unlike all others these three follow the table with a
   * delay.
   */
  listRoomIdsOf(userId: string, afterRoomId: string | undefined, limit: number): Promise<string[]>;
  /** Ids of all rooms whose id falls into a bucket, 0 to `roomBucketCount` - 1, ascending. */
  listRoomIds(bucket: number, afterRoomId: string | undefined, limit: number): Promise<string[]>;
  /** Messages that are held, or were when the index was written; room by room. */
  listHeldMessages(after: EntryPlace | undefined, limit: number): Promise<EntryPlace[]>;

  /** Never lowers it. The room must exist. */
  raisePurgedBelow(roomId: string, below: number): Promise<void>;
  deleteEntries(roomId: string, seqs: readonly number[]): Promise<void>;
}
