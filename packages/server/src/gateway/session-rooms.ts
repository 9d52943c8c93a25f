import type { RoomChannel } from "./room-channel.ts";

/** What the rooms keep of a session. Small: there is one for each socket. */
export class SessionRooms {
  /** Rooms that it follows, or has asked to follow. */
  readonly channels = new Set<RoomChannel>();
  /** When it said last that its user types, by room. */
  typedAtMs: Map<string, number> | undefined = undefined;
}
