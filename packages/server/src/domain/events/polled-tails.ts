import type { Entry } from "@maru/protocol";
import { RoomTail, type RoomTailOptions } from "./room-tail.ts";
import type { TailFeed } from "./tail-feed.ts";

export interface PolledTails extends TailFeed {
  /** This process stored an entry: who follows its room learns it at once. */
  stored(entry: Entry): void;
  /** Rooms that are followed, however many follow each. */
  readonly roomCount: number;
}

export interface PolledTailsOptions extends RoomTailOptions {
  /** Somebody follows the room, whom nobody had followed. */
  readonly onFollowed?: (roomId: string) => void;
  /** Nobody follows it any more. */
  readonly onLeft?: (roomId: string) => void;
}

/** Entries of this process come as they are stored, others are found by looking: once for all who follow a room. */
export function createPolledTails(options: PolledTailsOptions): PolledTails {
  const rooms = new Map<string, { readonly tail: RoomTail; followers: number }>();
  return {
    get roomCount() {
      return rooms.size;
    },
    stored: (entry) => rooms.get(entry.roomId)?.tail.learn([entry]),
    follow(roomId) {
      const room = rooms.get(roomId) ?? { tail: new RoomTail(roomId, options), followers: 0 };
      rooms.set(roomId, room);
      room.followers += 1;
      if (room.followers === 1) options.onFollowed?.(roomId);
      let following = true;
      return {
        whenGrown: (after, wake) => room.tail.whenGrown(after, wake),
        get failure() {
          return room.tail.failure;
        },
        [Symbol.dispose]() {
          if (!following) return;
          following = false;
          room.followers -= 1;
          if (room.followers > 0) return;
          rooms.delete(roomId);
          room.tail.stop();
          options.onLeft?.(roomId);
        },
      };
    },
  };
}
