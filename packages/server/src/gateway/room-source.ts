import type { Maru } from "@maru/client";
import { MaruError as CallError } from "@maru/client";
import { type Entry, ErrorReason } from "@maru/protocol";
import type { Tails } from "../realtime/realtime.ts";

/** What a gateway reads of rooms: the log, and who is in it. */
export interface RoomSource {
  /** Number of an entry that the room has; its newest one, or one that was published lately. Rejects: ROOM_NOT_FOUND. */
  tailSeq(roomId: string): Promise<number>;
  /** The entries after a number, oldest first. `atEnd`: the room had no more. */
  entriesAfter(roomId: string, after: number, limit: number): Promise<RoomPage>;
  /** Undefined for a room with so many that each is to be asked for. */
  memberIds(roomId: string): Promise<Set<string> | undefined>;
  isMember(roomId: string, userId: string): Promise<boolean>;
}

export interface RoomPage {
  readonly entries: readonly Entry[];
  readonly atEnd: boolean;
}

const pageSize = 200;

export function createRoomSource(
  maru: Pick<Maru, "rooms" | "events" | "reads">,
  tails: Tails,
  maxMembers: number,
): RoomSource {
  return {
    async tailSeq(roomId) {
      const published = await tails.readSeq(roomId).catch(() => undefined);
      if (published !== undefined) return published;
      const { room } = await maru.rooms.get({ roomId });
      return room?.lastSeq ?? 0;
    },
    async entriesAfter(roomId, after, limit) {
      const { entries, nextPageToken } = await maru.events.listEntries({ roomId, after, pageSize: limit });
      return { entries, atEnd: nextPageToken === "" };
    },
    async memberIds(roomId) {
      const ids = new Set<string>();
      for await (const userId of listMemberIds(maru, roomId)) {
        ids.add(userId);
        if (ids.size > maxMembers) return undefined;
      }
      return ids;
    },
    async isMember(roomId, userId) {
      const { markers } = await maru.reads.getReadMarkers({ roomId, userIds: [userId] });
      return markers.length > 0;
    },
  };
}

/** The present members of a room, by id. */
export async function* listMemberIds(maru: Pick<Maru, "rooms">, roomId: string): AsyncGenerator<string> {
  for (let pageToken = ""; ; ) {
    const page = await maru.rooms.listMembers({ roomId, pageSize, pageToken });
    for (const { userId } of page.members) yield userId;
    if (page.nextPageToken === "") return;
    pageToken = page.nextPageToken;
  }
}

export function isRoomNotFound(error: unknown): boolean {
  return error instanceof CallError && error.reason === ErrorReason.ROOM_NOT_FOUND;
}
