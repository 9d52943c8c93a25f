import { connectMaru, type Maru, paginate } from "@maru/client";
import { type Entry, ListOrder } from "@maru/protocol";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import { toRoomId, toUserId } from "../room-log/import-settings.ts";
import { sourceMicros } from "../room-log/imported-entry.ts";
import { connectSource, quoteName, type SourceClient } from "../source/source-client.ts";
import { nameOf } from "../source/source-queries.ts";
import { fieldsByName, toSourceMessage } from "../source/to-source-row.ts";

export interface ShadowOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly address: string | readonly string[];
  readonly token: string;
  readonly reads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (report: ShadowReport) => void;
}

export interface ShadowReport {
  /** By the kind of read: the newest page of a room, a user's unread messages in it. */
  readonly reads: Record<"page" | "unread", number>;
  readonly differences: Record<"page" | "unread", number>;
  readonly examples: { readonly read: string; readonly source: unknown; readonly maru: unknown }[];
}

const pageSize = 50;
const maxExamples = 100;

/**
 * Reads as the old application makes them, of rooms and users taken at random, answered by both sides: by PostgreSQL's rows, and by
 * Maru's own servers. A read that differs is made once more, since both sides may be written meanwhile.
 */
export async function runShadow(options: ShadowOptions): Promise<ShadowReport> {
  const { source, mapping, signal } = options;
  await using client = await connectSource(source);
  await using maru = connectMaru({ address: options.address as string, token: options.token });
  const report: ShadowReport = { reads: { page: 0, unread: 0 }, differences: { page: 0, unread: 0 }, examples: [] };
  const sides = { client, maru, mapping };
  for (let n = 0; n < options.reads; n++) {
    signal.throwIfAborted();
    const place = await somebody(client, mapping);
    if (place === undefined) break;
    const kind = n % 2 === 0 ? "page" : "unread";
    const read = () => (kind === "page" ? readPage(sides, place.roomId) : readUnread(sides, place));
    let [there, here] = await read();
    if (JSON.stringify(there) !== JSON.stringify(here)) [there, here] = await read();
    report.reads[kind]++;
    if (JSON.stringify(there) !== JSON.stringify(here)) {
      report.differences[kind]++;
      const read = `${kind} of room ${place.roomId}${kind === "unread" ? ` for user ${place.userId}` : ""}`;
      if (report.examples.length < maxExamples) report.examples.push({ read, source: there, maru: here });
    }
    options.onProgress(report);
  }
  return report;
}

interface Sides {
  readonly client: SourceClient;
  readonly maru: Maru;
  readonly mapping: Mapping;
}

interface Place {
  readonly roomId: string;
  readonly userId: string;
}

const column = (table: TableMapping, field: string) => {
  const name = table.columns.get(field);
  return name === undefined ? "null" : quoteName(name);
};

/** Somebody who is in a room now: by an id taken at random, or the next one that is there. */
async function somebody(client: SourceClient, { participants }: Mapping): Promise<Place | undefined> {
  const [id, room, user, left] = ["id", "room", "user", "left_at"].map((field) => column(participants, field));
  const [found] = await client.rows(
    `select ${room} as room, ${user} as user_id from ${nameOf(participants)}
     where ${left} is null and ${id} >= (select floor(random() * max(${id})) from ${nameOf(participants)}) order by ${id} limit 1`,
  );
  return found?.room && found.user_id ? { roomId: found.room, userId: found.user_id } : undefined;
}

/** The newest messages, as a list shows them. */
async function readPage({ client, maru, mapping }: Sides, roomId: string): Promise<[unknown, unknown]> {
  const { messages } = mapping;
  const rows = await client.rows(
    `select * from ${nameOf(messages)} where ${column(messages, "room")} = $1 order by ${column(messages, "id")} desc limit ${pageSize}`,
    [roomId],
  );
  const there = rows
    .map((row) => toSourceMessage(fieldsByName(messages, row)))
    .map(({ senderId, text, createdAt, deletedAt }) => shown(senderId, createdAt, deletedAt !== undefined, text));
  const settings = importSettingsOf(mapping);
  const request = { roomId: toRoomId(settings, roomId), order: ListOrder.NEWEST_FIRST, pageSize };
  const newest: Entry[] = [];
  // Pages may be short: other entries are among the messages.
  for await (const entry of paginate(maru.messages.list, request)) if (newest.push(entry) === pageSize) break;
  const here = newest.map((entry) => {
    const by =
      entry.actor?.kind.case === "userId" ? entry.actor.kind.value.slice(settings.userIdPrefix.length) : undefined;
    const message = entry.body.case === "messageSent" ? entry.body.value : undefined;
    return shown(by, sourceMicros(entry), message?.deletion !== undefined, textOf(entry));
  });
  return [there, here];
}

function shown(senderId: string | undefined, createdAt: number | undefined, isDeleted: boolean, text: string): object {
  return { senderId, createdAt, text: isDeleted ? "(deleted)" : text };
}

function textOf({ body }: Entry): string {
  const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
  return kind?.case === "text" ? kind.value.text : kind?.case === "media" ? kind.value.caption : "";
}

/** Messages of others behind the read position, as a badge shows them. */
async function readUnread({ client, maru, mapping }: Sides, { roomId, userId }: Place): Promise<[unknown, unknown]> {
  const { messages, participants } = mapping;
  const [counted] = await client.rows(
    `select count(*) as count from ${nameOf(messages)} m, ${nameOf(participants)} p
     where p.${column(participants, "room")} = $1 and p.${column(participants, "user")} = $2 and p.${column(participants, "left_at")} is null
       and m.${column(messages, "room")} = $1 and m.${column(messages, "id")} > coalesce(p.${column(participants, "read_message")}, 0)
       and m.${column(messages, "sender")} <> $2 and m.${column(messages, "deleted_at")} is null
       and m.${column(messages, "created_at")} >= p.${column(participants, "joined_at")}`,
    [roomId, userId],
  );
  const settings = importSettingsOf(mapping);
  const { unread } = await maru.reads.getUnreadCount({
    roomId: toRoomId(settings, roomId),
    userId: toUserId(settings, userId),
  });
  const cap = unread?.capped ? unread.unreadCount : Number.POSITIVE_INFINITY;
  return [Math.min(Number(counted?.count ?? 0), cap), unread?.unreadCount ?? 0];
}
