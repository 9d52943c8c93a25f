import type { ConversationLine } from "./conversation-lines.ts";
import { createDice } from "./dice.ts";
import { messageFate } from "./message-fate.ts";
import type { AttachmentRow, MessageRow, MonolithRows, ParticipantRow, RoomRow } from "./rows.ts";
import { timestampColumn } from "./rows.ts";

interface Speaker {
  readonly userId: number;
  readonly joinedMicros: number;
  lastMessageId: number;
  lastMicros: number;
}

/**
 * Real conversations as the monolith would hold them: ids in order of time over all rooms, everybody who speaks is a
 * participant, and what the data set does not tell (edits, deletions, pictures, who left, who read how far) is made up.
 */
export function conversationRows(lines: readonly ConversationLine[], seed = 1): MonolithRows {
  const dice = createDice(seed);
  const users = new Map<string, number>();
  const rooms = new Map<
    string,
    { id: number; ids: Map<number, number>; speakers: Map<number, Speaker>; micros: number }
  >();
  const messages: MessageRow[] = [];
  const attachments: AttachmentRow[] = [];
  const inTime = lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  for (const line of inTime) {
    const micros = Date.parse(line.at) * 1000;
    const userId = users.get(line.from) ?? users.size + 1;
    users.set(line.from, userId);
    const room = rooms.get(line.room) ?? { id: rooms.size + 1, ids: new Map(), speakers: new Map(), micros };
    rooms.set(line.room, room);
    const id = messages.length + 1;
    room.ids.set(line.n, id);
    const speaker = room.speakers.get(userId) ?? {
      userId,
      joinedMicros: micros,
      lastMessageId: id,
      lastMicros: micros,
    };
    Object.assign(speaker, { lastMessageId: id, lastMicros: micros });
    room.speakers.set(userId, speaker);
    const { attachment, ...fate } = messageFate(dice, id, micros);
    if (attachment !== undefined) attachments.push({ message_id: id, ...attachment });
    messages.push({
      ...fate,
      id,
      room_id: room.id,
      sender_id: userId,
      body: line.text,
      reply_to_id: room.ids.get(line.reply_to ?? 0) ?? null,
      created_at: timestampColumn(micros),
    });
  }
  const roomRows: RoomRow[] = [];
  const participants: ParticipantRow[] = [];
  for (const [title, { id, micros, speakers }] of rooms) {
    const [creator] = speakers.keys();
    const created_at = timestampColumn(micros);
    roomRows.push({
      id,
      kind: "group",
      title,
      listing_id: null,
      creator_id: creator ?? null,
      created_at,
      deleted_at: null,
    });
    for (const speaker of speakers.values()) participants.push(toParticipant(id, speaker, dice.once(20), creator));
  }
  const userRows = [...users].map(([name, id]) => ({ id, name }));
  return { users: userRows, rooms: roomRows, participants, messages, attachments };
}

function toParticipant(roomId: number, speaker: Speaker, left: boolean, creator: number | undefined): ParticipantRow {
  return {
    room_id: roomId,
    user_id: speaker.userId,
    role: speaker.userId === creator ? "admin" : "member",
    last_read_message_id: speaker.lastMessageId,
    created_at: timestampColumn(speaker.joinedMicros),
    deleted_at: left ? timestampColumn(speaker.lastMicros + 60_000_000) : null,
  };
}
