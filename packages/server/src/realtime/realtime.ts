import type { Entry, ReadMarker } from "@maru/protocol";
import type { Push, UserTyping } from "@maru/protocol/realtime";
import type { Presences } from "../domain/presence/presences.ts";
import type { Inbox } from "../domain/rooms/inbox.ts";

/** What one process, a node, has of Redis: who is where, and what the nodes push to each other. */
export interface Realtime extends AsyncDisposable {
  readonly nodeId: string;
  readonly sessions: Sessions;
  readonly followedRooms: FollowedRooms;
  readonly publisher: Publisher;
  readonly tails: Tails;
  readonly inboxes: Inbox;
  /** Undefined while all is well; otherwise what is late, for people: the answer of `/readyz`. */
  readonly trouble: string | undefined;
}

/** Told of what other nodes push to this one. */
export interface NodeListener {
  /** Must neither wait nor throw. */
  pushed(push: Push): void;
  /**
   * What was pushed since then may not have come: the subscription broke, or Redis lost what this node had registered. All of
   * it is registered again by now, so whoever reads the log after this call misses nothing.
   */
  interrupted(sinceMs: number): void;
}

/** Users who are connected to this node. What is added is kept alive, and put back when Redis lost it, until it is removed. */
export interface Sessions extends Presences {
  /** Resolves once others can see it: read the log after that. Rejects when Redis is away; it is then added as soon as it is back. */
  add(userId: string, sinceMs: number): Promise<void>;
  remove(userId: string): Promise<void>;
}

/** Rooms whose entries this node wants, whoever is connected to it. The same rules as for sessions. */
export interface FollowedRooms {
  add(roomId: string): Promise<void>;
  remove(roomId: string): Promise<void>;
}

export interface Publisher {
  /**
   * Tells all nodes concerned of entries of one room, in order and without holes, then raises its members' inboxes and the
   * room's tail. Resolves only when all of that is done: every node that is concerned and alive has been handed the entries.
   * Rejects otherwise; to publish the same again does no harm.
   */
  publishEntries(entries: readonly Entry[]): Promise<void>;
  /**
   * For an entry that was passed over because a later one is published: whoever it adds has the room in the inbox. In a large
   * room later entries do not see to that. Rejects when Redis is away.
   */
  raiseAdded(entry: Entry): Promise<void>;
  /** These two may be lost: nobody waits for them. */
  publishReadMarker(marker: ReadMarker): void;
  publishTyping(typing: UserTyping, memberIds: readonly string[]): void;
}

/** The newest entry of each room that was published, and not just stored. */
export interface Tails {
  /** Undefined where nothing is known. Rejects when Redis is away. */
  readSeq(roomId: string): Promise<number | undefined>;
}

/** The members of a room, for whom an entry is published. */
export interface RoomMembers {
  /**
   * The members by the state that entry `stateSeq` left, or a later one; undefined for a room with more than `maxMembers`: its
   * entries go to those nodes alone that follow the room.
   */
  userIdsOf(roomId: string, stateSeq: number, maxMembers: number): Promise<readonly string[] | undefined>;
}
