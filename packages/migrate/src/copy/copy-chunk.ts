import { toImportedMemberItem, toImportedRoomItem } from "@maru/server/store/imported-items.ts";
import { toItem } from "@maru/server/store/items.ts";
import type { ImportSettings } from "../room-log/import-settings.ts";
import type { Position } from "../room-log/position.ts";
import type { Rejected, SourceTable } from "../room-log/source-rows.ts";
import { startRoomLog } from "../room-log/start-room-log.ts";
import { type RoomRows, readRooms } from "../source/read-rooms.ts";
import type { SourceClient } from "../source/source-client.ts";
import type { RoomSpan, SourceQueries } from "../source/source-queries.ts";
import type { BatchWriter } from "../target/batch-writer.ts";
import type { Target } from "../target/connect-target.ts";
import { deleteLeftovers } from "../target/room-items.ts";
import type { ChunkFile } from "./chunk-files.ts";
import type { Counts } from "./copy-state.ts";
import { type Aliases, putAliases } from "./put-aliases.ts";

export interface ChunkCopy {
  readonly client: SourceClient;
  readonly queries: SourceQueries;
  readonly settings: ImportSettings;
  readonly target: Target;
  readonly writer: BatchWriter;
  readonly file: ChunkFile;
  readonly position: Position;
  /** An earlier attempt may have left something of these rooms. */
  readonly again: boolean;
  readonly nowMs: () => number;
  /** So much was copied, or rejected, since it was told last. */
  readonly onProgress: (progress: { rooms: number; messages: number; rejected: number }) => void;
}

type Tally = Record<SourceTable, { read: number; rejected: Rejected[] }>;

/**
 * Copies the rooms of a span. Of a room all entries come first, in order, then its members, and the room itself last: nobody
 * sees a room that is not there in full.
 */
export async function copyChunk(copy: ChunkCopy, span: RoomSpan): Promise<Record<SourceTable, Counts>> {
  const { client, queries, writer, file } = copy;
  const tally: Tally = { rooms: empty(), participants: empty(), messages: empty(), attachments: empty() };
  const aliases = putAliases(copy.target);
  for await (const rows of readRooms(client, queries, span)) {
    const before = rejectedCount(tally);
    const messages = await copyRoom(copy, rows, tally, aliases);
    copy.onProgress({ rooms: rows.room === undefined ? 0 : 1, messages, rejected: rejectedCount(tally) - before });
  }
  await writer.flush();
  if (span.upTo === undefined) await rejectHomeless(copy, tally);
  await file.finish([...Object.values(tally).flatMap(({ rejected }) => rejected), ...(await aliases.refused())]);
  return countsOf(copy, span, tally);
}

async function copyRoom(copy: ChunkCopy, rows: RoomRows, tally: Tally, aliases: Aliases): Promise<number> {
  const { settings, writer, position, target, file } = copy;
  const { room, participants } = rows;
  tally.participants.read += participants.length;
  if (room === undefined) return rejectRoomless(rows, tally);
  tally.rooms.read++;
  if (room.createdAt === undefined) {
    tally.rooms.rejected.push({ table: "rooms", id: room.id, roomId: room.id, reason: "time_missing" });
    return rejectRoomless(rows, tally);
  }
  const log = startRoomLog(settings, room, participants, copy.nowMs());
  let messageCount = 0;
  for await (const page of rows.messages) {
    messageCount += page.length;
    for (const message of page) {
      tally.attachments.read += message.attachments.length;
      for (const entry of log.add(message)) await writer.put(toItem(entry));
    }
  }
  tally.messages.read += messageCount;
  const end = log.end();
  for (const entry of end.entries) await writer.put(toItem(entry));
  for (const member of end.members) await writer.put(toImportedMemberItem(member, position));
  const { roomId } = end.room;
  if (copy.again) {
    await writer.flush();
    const userIds = new Set(end.members.map(({ userId }) => userId));
    await deleteLeftovers(target, roomId, { lastSeq: end.lastSeq, userIds });
  }
  // Batches go one after the other, and within one there is no order.
  writer.putBehind(toImportedRoomItem(end.room, position));
  if (end.aliasId !== undefined) await aliases.add(end.aliasId, roomId);
  for (const rejected of log.rejected) tally[rejected.table].rejected.push(rejected);
  const { ids } = end.seqs;
  await file.addPlaces(
    roomId,
    ids.map((messageId, index) => ({ messageId, seq: end.seqs.seqAt(index) })),
  );
  return messageCount;
}

/** Rows that name a room which is not there, or is not copied. */
async function rejectRoomless({ roomId, participants, messages }: RoomRows, tally: Tally): Promise<number> {
  const reason = "room_missing";
  for (const { id } of participants) tally.participants.rejected.push({ table: "participants", id, roomId, reason });
  let count = 0;
  for await (const page of messages) {
    count += page.length;
    for (const { id, attachments } of page) {
      tally.messages.rejected.push({ table: "messages", id, roomId, reason });
      tally.attachments.read += attachments.length;
      for (const one of attachments)
        tally.attachments.rejected.push({ table: "attachments", id: one.id, roomId, reason });
    }
  }
  tally.messages.read += count;
  return count;
}

/** Rows without a room; the last chunk sees to them. */
async function rejectHomeless({ client, queries }: ChunkCopy, tally: Tally): Promise<void> {
  for (const { table, sql } of queries.homeless) {
    const reason = table === "attachments" ? "message_missing" : "room_missing";
    for (const { id } of await client.rows(sql)) {
      tally[table].read++;
      tally[table].rejected.push({ table, id: id ?? "", roomId: undefined, reason });
    }
  }
}

/** Counted by PostgreSQL itself, in the same snapshot: what was read and not counted, or the other way round, is a fault. */
async function countsOf(
  { client, queries }: ChunkCopy,
  span: RoomSpan,
  tally: Tally,
): Promise<Record<SourceTable, Counts>> {
  const tables = Object.keys(tally) as SourceTable[];
  const counts = tables.map(async (table): Promise<[SourceTable, Counts]> => {
    const { read, rejected } = tally[table];
    return [table, { source: read, copied: read - rejected.length, rejected: rejected.length }];
  });
  const homeless = span.upTo === undefined ? await homelessCounts(client, queries) : {};
  for (const [table, { source }] of await Promise.all(counts)) {
    if (table === "attachments" && queries.attachments(span) === undefined) continue;
    const [counted] = await client.rows(queries.count(table, span));
    const expected = Number(counted?.count ?? 0) + (homeless[table] ?? 0);
    if (expected !== source)
      throw new Error(`PostgreSQL counts ${expected} ${table} in this chunk, ${source} were read`);
  }
  return Object.fromEntries(await Promise.all(counts)) as Record<SourceTable, Counts>;
}

async function homelessCounts(
  client: SourceClient,
  queries: SourceQueries,
): Promise<Partial<Record<SourceTable, number>>> {
  const counts: Partial<Record<SourceTable, number>> = {};
  for (const { table, sql } of queries.homeless) {
    const [counted] = await client.rows(`select count(*) as count from (${sql}) homeless`);
    counts[table] = Number(counted?.count ?? 0);
  }
  return counts;
}

function empty(): { read: number; rejected: Rejected[] } {
  return { read: 0, rejected: [] };
}

function rejectedCount(tally: Tally): number {
  return Object.values(tally).reduce((sum, { rejected }) => sum + rejected.length, 0);
}
