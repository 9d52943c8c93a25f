import type { ReadMarker } from "@maru/protocol";
import type { CardTypes } from "./cards/card-types.ts";
import type { Log } from "./log/log.ts";
import type { Presences } from "./presence/presences.ts";
import type { Inbox } from "./rooms/inbox.ts";
import type { RoomKinds } from "./rooms/room-kind.ts";
import type { Store } from "./store.ts";

export interface DomainLimits {
  readonly maxTextBytes: number;
  readonly defaultPageSize: number;
  /** Changes of one message's content: its deletion rewrites all of them in one transaction. */
  readonly maxEdits: number;
  /** Users who may react to one message. */
  readonly maxReactingUsers: number;
  readonly maxPins: number;
  /** Entries that are read at most to count what is unread. */
  readonly unreadMaxEntries: number;
  /** Rooms of a user that a list looks at. */
  readonly listRoomsMax: number;
  /** By then the index knows the rooms that a user was in when an erasure was started. */
  readonly eraseIndexDelayMs: number;
}

export const defaultDomainLimits: DomainLimits = {
  maxTextBytes: 16_384,
  defaultPageSize: 50,
  maxEdits: 50,
  maxReactingUsers: 100,
  maxPins: 50,
  unreadMaxEntries: 1_000,
  listRoomsMax: 1_000,
  eraseIndexDelayMs: 30_000,
};

/** What the verbs use. */
export interface Domain {
  readonly store: Store;
  readonly log: Log;
  readonly limits: DomainLimits;
  readonly kinds: RoomKinds;
  /** Told of a failure that nobody foresaw and that did not end the call, for the log. */
  readonly onFault?: (error: unknown, facts: Readonly<Record<string, string>>) => void;
  readonly cards: CardTypes;
  /** Told of each read position that this process moved. Must neither wait nor throw. */
  readonly onReadMoved?: (marker: ReadMarker) => void;
  /** Undefined where the server knows no Redis. */
  readonly inbox?: Inbox | undefined;
  /** Who is connected; undefined where the server knows no Redis. */
  readonly presences?: Presences | undefined;
}
