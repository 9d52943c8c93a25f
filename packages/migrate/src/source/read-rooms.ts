import type { MessageWithAttachments } from "../room-log/imported-message.ts";
import {
  compareIds,
  type SourceAttachment,
  type SourceMessage,
  type SourceParticipant,
  type SourceRoom,
} from "../room-log/source-rows.ts";
import type { SourceClient } from "./source-client.ts";
import { fieldsOfList, type RoomSpan, type SourceQueries } from "./source-queries.ts";
import { toAttachment, toParticipant, toRoom, toSourceMessage } from "./to-source-row.ts";

/** Rows of one room id. Without `room` they belong to none. */
export interface RoomRows {
  readonly roomId: string;
  readonly room: SourceRoom | undefined;
  readonly participants: readonly SourceParticipant[];
  /** In the order of their ids. To be read to the end before the next room. */
  readonly messages: AsyncIterable<readonly MessageWithAttachments[]>;
}

const pageRows = 5_000;

/** All rows of a span, room by room in the order of ids. Of a room only a page of messages is held at once. */
export async function* readRooms(
  client: SourceClient,
  queries: SourceQueries,
  span: RoomSpan,
): AsyncGenerator<RoomRows> {
  const rooms = (await client.lists(queries.rooms(span))).map((row) => toRoom(fieldsOfList("rooms", row)));
  const participants = (await client.lists(queries.participants(span))).map((row) =>
    toParticipant(fieldsOfList("participants", row)),
  );
  const messages = new Peeking(
    pages(client, "messages", queries.messages(span), (row) => toSourceMessage(fieldsOfList("messages", row))),
  );
  const attachmentsSql = queries.attachments(span);
  const attachments = new Peeking<SourceAttachment>(
    attachmentsSql === undefined
      ? none()
      : pages(client, "attachments", attachmentsSql, (row) => toAttachment(fieldsOfList("attachments", row))),
  );
  const byId = new Map(rooms.map((room) => [room.id, room]));
  const membersOf = Map.groupBy(participants, ({ roomId }) => roomId ?? "");
  // Rooms without a row, that participants or messages name, come in their place.
  const ids = [...new Set([...byId.keys(), ...membersOf.keys()])].sort(compareIds);
  let index = 0;
  for (;;) {
    const next = await messages.peek();
    const known = ids[index];
    const roomId =
      next?.roomId !== undefined && (known === undefined || compareIds(next.roomId, known) < 0) ? next.roomId : known;
    if (roomId === undefined) break;
    if (roomId === known) index++;
    yield {
      roomId,
      room: byId.get(roomId),
      participants: membersOf.get(roomId) ?? [],
      messages: messagesOf(roomId, messages, attachments),
    };
  }
}

async function* messagesOf(
  roomId: string,
  messages: Peeking<SourceMessage>,
  attachments: Peeking<SourceAttachment>,
): AsyncGenerator<readonly MessageWithAttachments[]> {
  let page: MessageWithAttachments[] = [];
  for (let next = await messages.peek(); next?.roomId === roomId; next = messages.at() ?? (await messages.peek())) {
    messages.take();
    const own: SourceAttachment[] = [];
    for (
      let one = attachments.at() ?? (await attachments.peek());
      one?.messageId === next.id;
      one = attachments.at() ?? (await attachments.peek())
    ) {
      attachments.take();
      own.push(one);
    }
    page.push({ ...next, attachments: own });
    if (page.length < 500) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Rows that come in pages, one after the other, of which the next can be looked at. */
class Peeking<Row> {
  readonly #pages: AsyncIterator<readonly Row[]>;
  #page: readonly Row[] = [];
  #index = 0;

  constructor(source: AsyncIterable<readonly Row[]>) {
    this.#pages = source[Symbol.asyncIterator]();
  }

  /** The next row if it is in the page at hand. */
  at(): Row | undefined {
    return this.#page[this.#index];
  }

  async peek(): Promise<Row | undefined> {
    while (this.#index >= this.#page.length) {
      const next = await this.#pages.next();
      if (next.done === true) return undefined;
      this.#page = next.value;
      this.#index = 0;
    }
    return this.#page[this.#index];
  }

  take(): void {
    this.#index++;
  }
}

async function* pages<Row>(
  client: SourceClient,
  name: string,
  sql: string,
  toRow: (row: readonly (string | null)[]) => Row,
): AsyncGenerator<readonly Row[]> {
  await client.raw.query(`declare ${name} no scroll cursor for ${sql}`);
  for (;;) {
    const rows = await client.lists(`fetch ${pageRows} from ${name}`);
    if (rows.length > 0) yield rows.map(toRow);
    if (rows.length < pageRows) break;
  }
  await client.raw.query(`close ${name}`);
}

async function* none(): AsyncGenerator<never> {}
