import type { GetUnreadCountRequest, UnreadCount } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { memberNotFound } from "../rooms/membership.ts";
import { unreadOfRoom } from "./unread-of-room.ts";

export async function getUnreadCount(domain: Domain, request: GetUnreadCountRequest): Promise<UnreadCount> {
  const { roomId, userId } = request;
  const member = (await domain.store.readMembers(roomId, [userId])).get(userId);
  if (!isPresent(member)) {
    if ((await domain.store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
    throw memberNotFound(roomId, userId);
  }
  const [unread] = await unreadOfRoom(domain, roomId, [member]);
  if (unread === undefined) throw new TypeError("each member has a count");
  return unread;
}
