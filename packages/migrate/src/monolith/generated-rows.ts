import { createDice, type Dice } from "./dice.ts";
import { messageFate } from "./message-fate.ts";
import type { AttachmentRow, MessageRow, MonolithRows, ParticipantRow, RoomRow } from "./rows.ts";
import { timestampColumn } from "./rows.ts";

export interface Generation {
  readonly messages: number;
  readonly seed: number;
  /** What people write is taken from here. */
  readonly texts: readonly string[];
}

interface OpenRoom {
  readonly id: number;
  readonly people: readonly { readonly userId: number; readonly joinedMicros: number; lastMessageId: number | null }[];
  readonly recent: number[];
  left: number;
}

const openRooms = 400;
const startMicros = Date.UTC(2023, 0, 1) * 1000;

/**
 * As many messages as are wanted, of the shape that a marketplace's chat has: most rooms are two people and a listing, a few
 * are groups; rooms go on beside each other, and a room's times are not always in the order of its ids. Messages are made as
 * they are read; read rooms and participants after them.
 */
export function generatedRows({ messages: count, seed, texts }: Generation): MonolithRows {
  const dice = createDice(seed);
  const userCount = Math.max(100, Math.round(count / 20));
  const rooms: RoomRow[] = [];
  const participants: ParticipantRow[] = [];
  const attachments: AttachmentRow[] = [];
  return {
    users: Array.from({ length: userCount }, (_, index) => ({ id: index + 1, name: `user-${index + 1}` })),
    messages: makeMessages(),
    attachments,
    rooms,
    participants,
  };

  function* makeMessages(): Generator<MessageRow> {
    const open: OpenRoom[] = [];
    let micros = startMicros;
    for (let id = 1; id <= count; id++) {
      micros += 1 + dice.int(2_000_000);
      if (open.length < openRooms && (open.length === 0 || dice.once(4))) open.push(openRoom(micros));
      const index = dice.int(open.length);
      const room = open[index] as OpenRoom;
      yield nextMessage(room, id, micros);
      if (--room.left === 0) {
        open.splice(index, 1);
        close(room, micros);
      }
    }
    for (const room of open) close(room, micros);
  }

  function openRoom(micros: number): OpenRoom {
    const id = rooms.length + 1;
    const isDirect = !dice.once(10);
    const size = isDirect ? 2 : 3 + dice.int(40);
    const userIds = new Set<number>();
    while (userIds.size < size) userIds.add(1 + dice.int(userCount));
    const [creator = null] = userIds;
    rooms.push({
      id,
      kind: isDirect ? "direct" : "group",
      title: isDirect ? null : `Group ${id}`,
      // Once for each two people.
      listing_id: isDirect ? id : null,
      creator_id: creator,
      created_at: timestampColumn(micros - 5_000),
      deleted_at: null,
    });
    const people = [...userIds].map((userId, index) => ({
      userId,
      joinedMicros: isDirect || index < 3 ? micros - 1_000 : micros + dice.int(3_600_000_000),
      lastMessageId: null,
    }));
    return { id, people, recent: [], left: isDirect ? 1 + dice.int(120) : 50 + dice.int(1_500) };
  }

  function nextMessage(room: OpenRoom, id: number, micros: number): MessageRow {
    const speaker = dice.pick(room.people);
    speaker.lastMessageId = id;
    const { attachment, ...fate } = messageFate(dice, id, micros);
    if (attachment !== undefined) attachments.push({ message_id: id, ...attachment });
    const reply_to_id = room.recent.length > 0 && dice.once(4) ? dice.pick(room.recent) : null;
    room.recent.push(id);
    if (room.recent.length > 20) room.recent.shift();
    return {
      ...fate,
      id,
      room_id: room.id,
      sender_id: speaker.userId,
      body: dice.pick(texts),
      reply_to_id,
      // Two servers of the monolith do not have the same clock.
      created_at: timestampColumn(dice.once(100) ? micros - dice.int(50_000_000) : micros),
    };
  }

  function close(room: OpenRoom, micros: number): void {
    for (const person of room.people) participants.push(toParticipant(dice, room, person, micros));
  }
}

function toParticipant(dice: Dice, room: OpenRoom, person: OpenRoom["people"][number], micros: number): ParticipantRow {
  const hasLeft = room.people.length > 2 && dice.once(10);
  return {
    room_id: room.id,
    user_id: person.userId,
    role: person === room.people[0] && room.people.length > 2 ? "admin" : "member",
    last_read_message_id: person.lastMessageId,
    created_at: timestampColumn(person.joinedMicros),
    deleted_at: hasLeft ? timestampColumn(Math.max(micros, person.joinedMicros) + 1_000_000) : null,
  };
}
