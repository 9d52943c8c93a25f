import { compareIds } from "../room-log/source-rows.ts";
import type { MaruView } from "./maru-view.ts";
import type { MemberView, MessageView, RoomView } from "./room-view.ts";

/** Something on which the two sides do not agree. */
export interface Difference {
  readonly roomId: string;
  readonly kind: DifferenceKind;
  /** The id of the message or the user in the source; "" for the room itself. */
  readonly id: string;
  /** In the log. */
  readonly seq?: number | undefined;
  readonly source: unknown;
  readonly maru: unknown;
}

export type DifferenceKind =
  | "room_missing"
  | "room_unknown"
  | "room"
  | "order"
  | "member_missing"
  | "member_ghost"
  | "member"
  | "read_position"
  | "message_missing"
  | "message_unknown"
  | "sender"
  | "text"
  | "attachments"
  | "created_at"
  | "edited_at"
  | "deleted_at"
  | "reply_to";

export function findDifferences(roomId: string, source: RoomView, maru: MaruView): Difference[] {
  if (source.room === undefined || maru.room === undefined) {
    if (source.room === maru.room) return [];
    const kind = maru.room === undefined ? "room_missing" : "room_unknown";
    return [{ roomId, kind, id: "", source: source.room, maru: maru.room }];
  }
  const facts = Object.keys(source.room).some(
    (name) => source.room?.[name as "title"] !== maru.room?.[name as "title"],
  );
  return [
    ...(facts ? [{ roomId, kind: "room" as const, id: "", source: source.room, maru: maru.room }] : []),
    ...maru.disorder.map(({ seq, id, what }) => ({
      roomId,
      kind: "order" as const,
      id,
      seq,
      source: undefined,
      maru: what,
    })),
    ...memberDifferences(roomId, source.members, maru.members),
    ...messageDifferences(roomId, source.messages, maru.messages),
  ];
}

export function memberDifferences(
  roomId: string,
  source: ReadonlyMap<string, MemberView>,
  maru: ReadonlyMap<string, MemberView>,
): Difference[] {
  const found: Difference[] = [];
  for (const [id, member] of source) {
    const other = maru.get(id);
    const { present, role, readMessageId } = member;
    if (other === undefined) found.push({ roomId, kind: "member_missing", id, source: member, maru: undefined });
    else {
      if (present !== other.present || role !== other.role)
        found.push({ roomId, kind: "member", id, source: member, maru: other });
      if (readMessageId !== other.readMessageId)
        found.push({ roomId, kind: "read_position", id, source: readMessageId, maru: other.readMessageId });
    }
  }
  for (const [id, member] of maru) {
    // Who left, and whose row is gone, is nowhere.
    if (!source.has(id) && member.present)
      found.push({ roomId, kind: "member_ghost", id, source: undefined, maru: member });
  }
  return found;
}

/** Both in the order of their ids. */
function messageDifferences(
  roomId: string,
  source: readonly MessageView[],
  maru: readonly MessageView[],
): Difference[] {
  const found: Difference[] = [];
  let at = 0;
  for (const message of source) {
    for (let other = maru[at]; other !== undefined && compareIds(other.id, message.id) < 0; other = maru[++at]) {
      found.push(...unknown(roomId, other));
    }
    const other = maru[at];
    if (other?.id === message.id) {
      at++;
      found.push(...fieldDifferences(roomId, message, other));
    } else found.push({ roomId, kind: "message_missing", id: message.id, source: message, maru: undefined });
  }
  for (const other of maru.slice(at)) {
    found.push(...unknown(roomId, other));
  }
  return found;
}

function fieldDifferences(roomId: string, source: MessageView, maru: MessageView): Difference[] {
  const fields: readonly [DifferenceKind, unknown, unknown][] = [
    ["sender", source.senderId, maru.senderId],
    ["text", source.text, maru.text],
    ["attachments", source.attachments.join("\n"), maru.attachments.join("\n")],
    ["created_at", source.createdAt, maru.createdAt],
    ["edited_at", source.editedAt, maru.editedAt],
    ["deleted_at", source.deletedAt, maru.deletedAt],
    ["reply_to", source.replyToId, maru.replyToId],
  ];
  return fields
    .filter(([, a, b]) => a !== b)
    .map(([kind, a, b]) => ({ roomId, kind, id: source.id, seq: maru.seq, source: a, maru: b }));
}

/** What is deleted here, and whose row is gone there, is nowhere. */
function unknown(roomId: string, maru: MessageView): Difference[] {
  if (maru.deletedAt !== undefined) return [];
  return [{ roomId, kind: "message_unknown", id: maru.id, seq: maru.seq, source: undefined, maru }];
}
