import { create } from "@bufbuild/protobuf";
import type { ListRoomsRequest, Room, RoomSummary, UnreadCount } from "@maru/protocol";
import { ActorSchema, ListRoomsRequestSchema, RoomSummarySchema, UnreadCountSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { isId } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { unreadAfter } from "../reading/count-unread.ts";
import { unreadOfRoom } from "../reading/unread-of-room.ts";
import type { InboxRoom } from "./inbox.ts";
import { findLastMessage } from "./last-message.ts";
import { listFromInbox } from "./list-from-inbox.ts";
import { byActivity, isOfKind, type Walk, type WalkedRoom, walkRooms } from "./walk-rooms.ts";

export async function listRooms(
  domain: Domain,
  request: ListRoomsRequest,
): Promise<{ readonly rooms: RoomSummary[]; readonly nextPageToken: string; readonly partial: boolean }> {
  const size = request.pageSize === 0 ? domain.limits.defaultPageSize : request.pageSize;
  const position = positionOf(request);
  const inInbox = await listFromInbox(domain, request, position, size + 1);
  const { rooms: behind, partial } = inInbox ?? (await listByWalk(domain, request, position));
  const page = behind.slice(0, size);
  const last = behind.length > size ? page.at(-1) : undefined;
  return {
    rooms: await domain.log.fanOut.map(page, (one) => toSummary(domain, one)),
    nextPageToken: last === undefined ? "" : toPageToken(ListRoomsRequestSchema, request, textOf(last)),
    partial,
  };
}

async function listByWalk(domain: Domain, request: ListRoomsRequest, position: Position | undefined) {
  const { rooms, partial } = await sharedWalk(domain, request);
  return { rooms: position === undefined ? rooms : rooms.filter((one) => byActivity(position, one) < 0), partial };
}

/** A walk is dear: who asks for the same list while one is under way shares the next one. */
function sharedWalk(domain: Domain, request: ListRoomsRequest): Promise<Walk> {
  const { userId, includeHidden } = request;
  const kinds = request.kinds.toSorted();
  const key = JSON.stringify(["rooms of a user", userId, kinds, includeHidden]);
  return domain.log.shared.read(key, async () => {
    const build = await domain.inbox?.begin(userId);
    if (build === undefined) return walkRooms(domain, { userId, kinds, includeHidden });
    const walk = await walkRooms(domain, { userId, kinds: [], includeHidden });
    if (!walk.partial) await build.complete(walk.all.map(toInboxRoom));
    return { ...walk, rooms: walk.rooms.filter((one) => isOfKind(one, kinds)) };
  });
}

async function toSummary(domain: Domain, { room, member, tail }: WalkedRoom): Promise<RoomSummary> {
  const viewer = create(ActorSchema, { kind: { case: "userId", value: member.userId } });
  const [lastMessage, unread] = await Promise.all([
    findLastMessage({ store: domain.store, clock: domain.log.clock }, tail, viewer),
    unreadOf(domain, { room, member }),
  ]);
  return create(RoomSummarySchema, { room, member, lastMessage, unread });
}

async function unreadOf(domain: Domain, { room, member }: Pick<WalkedRoom, "room" | "member">): Promise<UnreadCount> {
  const { roomId, userId, readSeq } = member;
  const [counted] = unreadAfter(member) < room.lastSeq ? await unreadOfRoom(domain, roomId, [member]) : [];
  return counted ?? create(UnreadCountSchema, { roomId, userId, readSeq });
}

function textOf({ lastEntryAtMs, room }: WalkedRoom): string {
  return `${lastEntryAtMs} ${room.roomId}`;
}

/** The last room that was shown, by what the list is sorted by. */
function isPlace(text: string): boolean {
  const [, roomId = ""] = /^\d{1,15} (.+)$/.exec(text) ?? [];
  return isId(roomId);
}

function toInboxRoom({ room, lastEntryAtMs }: WalkedRoom): InboxRoom {
  return { roomId: room.roomId, lastEntryAtMs, memberCount: room.memberCount };
}

type Position = { readonly lastEntryAtMs: number; readonly room: Pick<Room, "roomId"> };

function positionOf(request: ListRoomsRequest) {
  const text = fromPageToken(ListRoomsRequestSchema, request, isPlace);
  if (text === undefined) return undefined;
  const [ms, roomId] = text.split(" ") as [string, string];
  return { lastEntryAtMs: Number(ms), room: { roomId } };
}
