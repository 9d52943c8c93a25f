import type { BatchGetUnreadCountsRequest, MemberKey, UnreadCount } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { isPresent } from "../log/fold.ts";
import { unreadOfRoom } from "./unread-of-room.ts";

export async function batchGetUnreadCounts(
  domain: Domain,
  request: BatchGetUnreadCountsRequest,
): Promise<{ readonly unreads: UnreadCount[]; readonly missing: MemberKey[] }> {
  const members = (await domain.store.readMembersAt(request.members)).filter(isPresent);
  const rooms = [...Map.groupBy(members, ({ roomId }) => roomId)];
  const counted = await domain.log.fanOut.map(rooms, ([roomId, ofRoom]) => unreadOfRoom(domain, roomId, ofRoom));
  const unreadOf = new Map(counted.flat().map((unread) => [placeOf(unread), unread]));
  return {
    unreads: request.members.flatMap((member) => unreadOf.get(placeOf(member)) ?? []),
    missing: request.members.filter((member) => !unreadOf.has(placeOf(member))),
  };
}

function placeOf({ roomId, userId }: { readonly roomId: string; readonly userId: string }): string {
  return `${roomId}\n${userId}`;
}
