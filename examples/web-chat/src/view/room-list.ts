import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry, RoomSummary } from "@maru/protocol";
import { timeOf, userIdIn } from "./conversation.ts";
import { nameOf, namesOf } from "./people.ts";
import { messageToShow, previewOf } from "./shown-content.ts";

/** A room as the list shows it. */
export interface RoomItem {
  readonly roomId: string;
  readonly title: string;
  /** What was said last, with who said it; may be empty. */
  readonly preview: string;
  readonly lastEntryAtMs: number;
  readonly lastSeq: number;
  /** How far the user has read. */
  readonly readSeq: number;
  readonly unreadCount: number;
  /** Whether there may be more unread than that. */
  readonly moreUnread: boolean;
}

export function toRoomItem({ room, member, lastMessage, unread }: Partial<RoomSummary>, me: string): RoomItem {
  const others = room?.directUserIds.filter((userId) => userId !== me) ?? [];
  return {
    roomId: room?.roomId ?? "",
    title: room?.title || namesOf(others) || "Room without a name",
    preview: lastMessage === undefined ? "" : previewIn(lastMessage, me),
    lastEntryAtMs: room?.lastEntryAt === undefined ? 0 : timestampMs(room.lastEntryAt),
    lastSeq: room?.lastSeq ?? 0,
    readSeq: member?.readSeq ?? 0,
    unreadCount: unread?.unreadCount ?? 0,
    moreUnread: unread?.capped ?? false,
  };
}

/** The list after something happened in the room: what the list has heard of already changes nothing. */
export function withTold(item: RoomItem, entry: Entry, me: string): RoomItem {
  if (entry.seq <= item.lastSeq) return item;
  const told = { ...item, lastSeq: entry.seq, lastEntryAtMs: Math.max(item.lastEntryAtMs, timeOf(entry)) };
  if (entry.body.case === "roomUpdated" && entry.body.value.changedFields.includes("title")) {
    return { ...told, title: entry.body.value.title };
  }
  if (entry.body.case !== "messageSent") return told;
  const isUnread = userIdIn(entry.actor) !== me && entry.seq > item.readSeq;
  return {
    ...told,
    preview: previewIn(entry, me) || item.preview,
    unreadCount: item.unreadCount + (isUnread ? 1 : 0),
  };
}

/** The list after the user read up to `seq`, here or on another device. What remains is counted by the server. */
export function withRead(item: RoomItem, seq: number): RoomItem {
  if (seq <= item.readSeq) return item;
  const unread = seq >= item.lastSeq ? { unreadCount: 0, moreUnread: false } : {};
  return { ...item, readSeq: seq, ...unread };
}

/** The room in which something happened last comes first. */
export function sortRooms(items: Iterable<RoomItem>): RoomItem[] {
  return [...items].sort((a, b) => b.lastEntryAtMs - a.lastEntryAtMs || a.roomId.localeCompare(b.roomId));
}

/** "3", "99+", or nothing. */
export function unreadLabel({ unreadCount, moreUnread }: RoomItem): string {
  if (unreadCount === 0) return "";
  return unreadCount > 99 ? "99+" : `${unreadCount}${moreUnread ? "+" : ""}`;
}

function previewIn(entry: Entry, me: string): string {
  if (entry.body.case !== "messageSent") return "";
  const said = previewOf(messageToShow(entry.body.value));
  const senderId = userIdIn(entry.actor);
  if (said === "" || senderId === "") return said;
  return `${senderId === me ? "You" : nameOf(senderId)}: ${said}`;
}
