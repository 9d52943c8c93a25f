import { ErrorReason } from "@maru/protocol";
import type { RoomPosition } from "@maru/protocol/realtime";
import { MaruError } from "../src/errors.ts";
import { type EncodedFrame, encodeFrame } from "../src/gateway/encoded-frame.ts";
import { toErrorFrame } from "../src/gateway/error-frame.ts";
import type { Rooms } from "../src/gateway/rooms.ts";
import type { Session } from "../src/gateway/session.ts";

/** Rooms without a log: whoever asks follows, but for rooms whose ids begin with `foreign`. */
export class OpenRooms implements Rooms {
  readonly sessions = new Set<Session>();
  readonly #followers = new Map<string, Set<Session>>();

  connected(session: Session): void {
    this.sessions.add(session);
  }

  disconnected(session: Session): void {
    this.sessions.delete(session);
    for (const followers of this.#followers.values()) followers.delete(session);
  }

  resume(session: Session, requestId: string, rooms: readonly RoomPosition[]): void {
    for (const { roomId, seq } of rooms) {
      if (roomId.startsWith("foreign")) {
        const metadata = { room_id: roomId };
        session.send(toErrorFrame(requestId, new MaruError(ErrorReason.NOT_A_MEMBER, { metadata })));
        continue;
      }
      this.#followersOf(roomId).add(session);
      const value = { requestId, roomId, recovered: true, afterSeq: seq, lastSeq: seq };
      session.send(encodeFrame({ case: "resumed", value }));
    }
  }

  unfollow(session: Session, roomIds: readonly string[]): void {
    for (const roomId of roomIds) this.#followersOf(roomId).delete(session);
  }

  typing(session: Session, roomId: string, stopped: boolean): void {
    this.#requireFollowed(session, roomId);
    this.say(roomId, encodeFrame({ case: "typing", value: { roomId, userId: session.userId, stopped } }));
  }

  watchPresence(session: Session, roomIds: readonly string[]): void {
    for (const roomId of roomIds) {
      if (roomId === "broken") throw new TypeError("a secret of the inside");
      this.#requireFollowed(session, roomId);
    }
  }

  recentTails(): readonly RoomPosition[] {
    return [];
  }

  /** Sends to all who follow the room. */
  say(roomId: string, frame: EncodedFrame): void {
    for (const session of this.#followersOf(roomId)) session.send(frame);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #followersOf(roomId: string): Set<Session> {
    const known = this.#followers.get(roomId) ?? new Set();
    this.#followers.set(roomId, known);
    return known;
  }

  #requireFollowed(session: Session, roomId: string): void {
    if (this.#followersOf(roomId).has(session)) return;
    throw new MaruError(ErrorReason.ROOM_NOT_FOLLOWED, { metadata: { room_id: roomId } });
  }
}
