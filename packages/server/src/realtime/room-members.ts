import { LRUCache } from "lru-cache";
import type { RoomMembers } from "./realtime.ts";

/** Present members of a room, ascending by id; fewer than `limit` only at the end. */
export type ListMemberIds = (roomId: string, limit: number) => Promise<readonly string[]>;

interface KnownMembers {
  /** The members are those that this entry left, or a later one. */
  readonly stateSeq: number;
  readonly userIds: readonly string[] | undefined;
}

/** Ids in memory: some 20 MB. */
const maxUserIds = 200_000;

/** Members as they were read last, for as long as no entry says that the room's state has changed. */
export function createRoomMembers(listMemberIds: ListMemberIds): RoomMembers {
  const known = new LRUCache<string, KnownMembers>({
    maxSize: maxUserIds,
    sizeCalculation: ({ userIds }) => 1 + (userIds?.length ?? 0),
  });
  return {
    async userIdsOf(roomId, stateSeq, maxMembers) {
      const cached = known.get(roomId);
      if (cached !== undefined && cached.stateSeq >= stateSeq) return cached.userIds;
      const found = await listMemberIds(roomId, maxMembers + 1);
      const userIds = found.length > maxMembers ? undefined : found;
      const newer = known.peek(roomId);
      if (newer === undefined || newer.stateSeq < stateSeq) known.set(roomId, { stateSeq, userIds });
      return userIds;
    },
  };
}
