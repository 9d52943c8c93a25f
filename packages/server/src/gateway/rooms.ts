import type { RoomPosition } from "@maru/protocol/realtime";
import type { Session } from "./session.ts";

/** The rooms that the sessions of this gateway follow, and what else its users are told of. */
export interface Rooms extends AsyncDisposable {
  /** The user is connected from now on: others see it, and what is published for the user comes. */
  connected(session: Session): void;
  disconnected(session: Session): void;
  /** Answers with a frame for each room: resumed and what was missed, or an error. */
  resume(session: Session, requestId: string, rooms: readonly RoomPosition[]): void;
  unfollow(session: Session, roomIds: readonly string[]): void;
  /** Throws MaruError: ROOM_NOT_FOLLOWED. */
  typing(session: Session, roomId: string, stopped: boolean): void;
  /** Throws MaruError: ROOM_NOT_FOLLOWED. */
  watchPresence(session: Session, roomIds: readonly string[]): void;
  /** The newest entries of those rooms of the session in which something happened lately. */
  recentTails(session: Session): readonly RoomPosition[];
}
