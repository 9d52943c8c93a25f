import type { ListRoomsRequest, Room } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import type { InboxPlace } from "./inbox.ts";
import { isOfKind, readWalked, type WalkedRoom, wantedOf } from "./walk-rooms.ts";

/**
 * The rooms after a position, at least so many where there are. The inbox says which and in which order; whether they are the
 * user's, and all that is told of them, is read from the table. Undefined when there is no inbox.
 */
export async function listFromInbox(
  domain: Domain,
  { userId, kinds, includeHidden }: ListRoomsRequest,
  position: { readonly lastEntryAtMs: number; readonly room: Pick<Room, "roomId"> } | undefined,
  count: number,
): Promise<{ readonly rooms: readonly WalkedRoom[]; readonly partial: boolean } | undefined> {
  const { inbox } = domain;
  if (inbox === undefined) return undefined;
  const rooms: WalkedRoom[] = [];
  let after: InboxPlace | undefined = position && {
    lastEntryAtMs: position.lastEntryAtMs,
    roomId: position.room.roomId,
  };
  while (rooms.length < count) {
    const places = await inbox.read(userId, after, count);
    if (places === undefined) return undefined;
    after = places.at(-1);
    if (after === undefined) break;
    const roomIds = places.map(({ roomId }) => roomId);
    const walked = new Map((await readWalked(domain, userId, roomIds, [])).map((one) => [one.room.roomId, one]));
    void inbox.remove(
      userId,
      places.filter(({ roomId }) => !walked.has(roomId)),
    );
    const inOrder = places.flatMap(({ roomId, lastEntryAtMs }) => {
      const one = walked.get(roomId);
      // A page goes on where the inbox has the room, although something newer may be in the table already.
      return one === undefined || !isOfKind(one, kinds) ? [] : [{ ...one, lastEntryAtMs }];
    });
    rooms.push(...wantedOf(inOrder, { includeHidden }));
  }
  return { rooms, partial: false };
}
