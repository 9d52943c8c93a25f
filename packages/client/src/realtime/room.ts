import type { ReadMarker } from "@maru/protocol";
import type { ContentInit } from "../contents.ts";
import type { Unsubscribe } from "./listeners.ts";
import type { RoomItem } from "./room-buffer.ts";
import type { Sending, SendOptions } from "./sending.ts";
import type { TypingSignal } from "./typing-signals.ts";

/**
 * A room that is followed. Loop over it for what happens there: from the position on, in order, each entry once, over
 * reconnects too. Leaving the loop keeps the room followed, and another loop goes on where it was.
 */
export interface Room extends AsyncIterable<RoomItem, undefined>, Disposable {
  readonly roomId: string;
  /** The app has dealt with everything up to it: it has asked for what comes after. */
  readonly position: number;
  /**
   * Sends a message as the user. Shown at once, sent as soon as there is a connection, and again with the same key until there
   * is an answer, so it is stored once. The messages of a room are stored in the order in which they were sent here.
   *
   * @example
   * const sending = room.send(text("hi"));
   * showPending(sending.key, sending.content);
   * sending.done.then(({ seq }) => showSent(sending.key, seq), (error) => showRefused(sending.key, error));
   */
  send(content: ContentInit, options?: SendOptions): Sending;
  /** Moves the user's read position forward. Sent again until it is stored; a higher one takes the place of what waits. */
  markRead(seq: number): void;
  /** The user types; call it for each key. Not sent when there is no connection. @param isTyping false: the user has stopped */
  typing(isTyping?: boolean): void;
  /** Told when a member begins to type, and when they stop. */
  onTyping(listener: (signal: TypingSignal) => void): Unsubscribe;
  /** Told when a member has read further. */
  onReadMarker(listener: (marker: ReadMarker) => void): Unsubscribe;
  /** Ends the loop. The room itself is no longer followed when all who asked for it have said so. */
  unfollow(): void;
}

/** What {@link openRoom} uses. */
export interface RoomParts {
  readonly reader: {
    readonly position: () => number;
    readonly next: () => Promise<IteratorResult<RoomItem, undefined>>;
  };
  readonly send: Room["send"];
  readonly markRead: Room["markRead"];
  readonly typing: (isTyping: boolean) => void;
  readonly onTyping: Room["onTyping"];
  readonly onReadMarker: Room["onReadMarker"];
  readonly unfollow: () => void;
}

export function openRoom(roomId: string, parts: RoomParts): Room {
  let isRead = false;
  return {
    roomId,
    get position() {
      return parts.reader.position();
    },
    send: parts.send,
    markRead: parts.markRead,
    typing: (isTyping = true) => parts.typing(isTyping),
    onTyping: parts.onTyping,
    onReadMarker: parts.onReadMarker,
    unfollow: parts.unfollow,
    [Symbol.dispose]: parts.unfollow,
    [Symbol.asyncIterator]() {
      if (isRead) throw new TypeError(`two loops over one room object (${roomId}): call realtime.room() for each`);
      isRead = true;
      const stop = () => {
        isRead = false;
      };
      return {
        async next() {
          const result = await parts.reader.next().catch((error: unknown) => {
            stop();
            throw error;
          });
          if (result.done) stop();
          return result;
        },
        async return() {
          stop();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
