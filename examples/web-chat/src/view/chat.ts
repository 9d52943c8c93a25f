import type { Entry, Member, Room } from "@maru/protocol";
import { type Conversation, emptyConversation, withEntry, withHistory } from "./conversation.ts";
import { type RoomItem, toRoomItem, withRead, withTold } from "./room-list.ts";
import { type Typing, withTyping } from "./typing.ts";

/** All that the page shows. Each change makes a new one. */
export interface Chat {
  readonly me: string;
  readonly rooms: ReadonlyMap<string, RoomItem>;
  readonly open: OpenRoom | undefined;
  /** Users of the open room who are connected. */
  readonly connected: ReadonlySet<string>;
}

/** The room whose conversation is shown. */
export interface OpenRoom {
  readonly roomId: string;
  /** How far each member has read. */
  readonly readSeqs: ReadonlyMap<string, number>;
  readonly conversation: Conversation;
  readonly typing: Typing;
  /** Up to where the user had read when the room was opened. */
  readonly unreadAfterSeq: number;
  /** Whether history has more, before what is shown. */
  readonly hasOlder: boolean;
}

export function emptyChat(me: string): Chat {
  return { me, rooms: new Map(), open: undefined, connected: new Set() };
}

/** A room as the backend opened it. */
export interface OpenedRoom {
  readonly room: Room;
  readonly members: readonly Member[];
  readonly entries: readonly Entry[];
  readonly hasOlder: boolean;
}

export function withRooms(chat: Chat, items: readonly RoomItem[]): Chat {
  return { ...chat, rooms: new Map(items.map((item) => [item.roomId, item])) };
}

/** Opens the room, or brings an open one up to date: what is on its way from here stays. */
export function withOpened(chat: Chat, { room, members, entries, hasOlder }: OpenedRoom): Chat {
  const before = chat.open?.roomId === room.roomId ? chat.open : undefined;
  const own = members.find(({ userId }) => userId === chat.me);
  const conversation = { ...emptyConversation, pending: before?.conversation.pending ?? [] };
  const open: OpenRoom = {
    roomId: room.roomId,
    readSeqs: new Map(members.map(({ userId, readSeq }) => [userId, readSeq])),
    conversation: withHistory(conversation, entries, room.lastSeq),
    typing: new Map(),
    unreadAfterSeq: before?.unreadAfterSeq ?? own?.readSeq ?? 0,
    hasOlder,
  };
  // A room that is new to the list: it was just made, or is known by its address.
  const known = chat.rooms.has(room.roomId) ? chat : withItem(chat, toRoomItem({ room, member: own }, chat.me));
  return { ...known, open, connected: before === undefined ? new Set() : chat.connected };
}

export function withOlder(chat: Chat, roomId: string, entries: readonly Entry[], hasOlder: boolean): Chat {
  return withOpen(chat, roomId, (open) => ({
    ...open,
    hasOlder,
    conversation: withHistory(open.conversation, entries, 0),
  }));
}

export function withConversation(chat: Chat, roomId: string, change: (of: Conversation) => Conversation): Chat {
  return withOpen(chat, roomId, (open) => ({ ...open, conversation: change(open.conversation) }));
}

/** Something happened in a room, open or not. */
export function withHappened(chat: Chat, entry: Entry): Chat {
  const item = chat.rooms.get(entry.roomId);
  const told = item === undefined ? chat : withItem(chat, withTold(item, entry, chat.me));
  return withOpen(told, entry.roomId, (open) => {
    const sender = entry.actor?.kind.case === "userId" ? entry.actor.kind.value : "";
    const typing = entry.body.case === "messageSent" ? without(open.typing, [sender]) : open.typing;
    const conversation = withEntry(open.conversation, entry);
    return { ...open, typing, conversation, readSeqs: withMembers(open.readSeqs, entry) };
  });
}

export function withReadMarker(chat: Chat, marker: { roomId: string; userId: string; readSeq: number }): Chat {
  const item = chat.rooms.get(marker.roomId);
  const own = marker.userId === chat.me && item !== undefined ? withItem(chat, withRead(item, marker.readSeq)) : chat;
  return withOpen(own, marker.roomId, (open) => {
    const readSeq = Math.max(open.readSeqs.get(marker.userId) ?? 0, marker.readSeq);
    return { ...open, readSeqs: new Map(open.readSeqs).set(marker.userId, readSeq) };
  });
}

export function withTyper(
  chat: Chat,
  typing: { roomId: string; userId: string; stopped: boolean; shownMs: number },
  nowMs: number,
): Chat {
  if (typing.userId === chat.me) return chat;
  return withOpen(chat, typing.roomId, (open) => ({ ...open, typing: withTyping(open.typing, typing, nowMs) }));
}

export function withPresence(chat: Chat, { userId, connected }: { userId: string; connected: boolean }): Chat {
  const next = new Set(chat.connected);
  if (connected) next.add(userId);
  else next.delete(userId);
  return { ...chat, connected: next };
}

export function withoutRoom(chat: Chat, roomId: string): Chat {
  const open = chat.open?.roomId === roomId ? undefined : chat.open;
  return { ...chat, open, rooms: without(chat.rooms, [roomId]) };
}

function withItem(chat: Chat, item: RoomItem): Chat {
  return { ...chat, rooms: new Map(chat.rooms).set(item.roomId, item) };
}

function withOpen(chat: Chat, roomId: string, change: (open: OpenRoom) => OpenRoom): Chat {
  return chat.open?.roomId === roomId ? { ...chat, open: change(chat.open) } : chat;
}

function withMembers(readSeqs: OpenRoom["readSeqs"], { body }: Entry): OpenRoom["readSeqs"] {
  switch (body.case) {
    case "membersAdded": {
      const joined = body.value.members.map(({ userId }) => [userId, readSeqs.get(userId) ?? 0] as const);
      return new Map([...readSeqs, ...joined]);
    }
    case "membersRemoved":
      return without(readSeqs, body.value.userIds);
    case "memberLeft":
      return without(readSeqs, [body.value.userId]);
    default:
      return readSeqs;
  }
}

function without<V>(map: ReadonlyMap<string, V>, keys: readonly string[]): ReadonlyMap<string, V> {
  const next = new Map(map);
  for (const key of keys) next.delete(key);
  return next;
}
