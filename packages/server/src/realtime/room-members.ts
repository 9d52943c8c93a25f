import { LRUCache } from "lru-cache";
import type { RoomMembers } from "./realtime.ts";

/** Present members of a room, ascending by id; fewer than `limit` only at the end. */
export type ListMemberIds = (roomId: string, limit: number) => Promise<readonly string[]>;

interface KnownMembers {
  /** The members are those that this entry left, or a later one. */
  readonly stateSeq: number;
  readonly userIds: readonly string[] | undefined;
  /** Without their ids: there are more than these. */
  readonly maxMembers: number;
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
      if (cached !== undefined && cached.stateSeq >= stateSeq && isEnough(cached, maxMembers))
        return cached.userIds === undefined ? undefined : upTo(maxMembers, cached.userIds);
      const userIds = upTo(maxMembers, await listMemberIds(roomId, maxMembers + 1));
      const newer = known.peek(roomId);
      const isBetter =
        newer === undefined ||
        newer.stateSeq < stateSeq ||
        (newer.stateSeq === stateSeq && !isEnough(newer, maxMembers));
      if (isBetter) known.set(roomId, { stateSeq, userIds, maxMembers });
      return userIds;
    },
  };
}

function isEnough(known: KnownMembers, maxMembers: number): boolean {
  return known.userIds !== undefined || known.maxMembers >= maxMembers;
}

function upTo(maxMembers: number, userIds: readonly string[]): readonly string[] | undefined {
  return userIds.length > maxMembers ? undefined : userIds;
}
