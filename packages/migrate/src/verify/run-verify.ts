import { setTimeout as sleep } from "node:timers/promises";
import { inParallel } from "@maru/server/domain/in-parallel.ts";
import { isDerivedRoomId } from "@maru/server/domain/rooms/room-id.ts";
import { roomBucketCount } from "@maru/server/domain/store.ts";
import { createDynamoStore } from "@maru/server/store/dynamodb-store.ts";
import { checkMapping } from "../mapping/check-mapping.ts";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { toRoomId } from "../room-log/import-settings.ts";
import type { MessageWithAttachments } from "../room-log/imported-message.ts";
import type { SourceParticipant, SourceRoom } from "../room-log/source-rows.ts";
import { readRooms } from "../source/read-rooms.ts";
import { connectSource, type SourceClient } from "../source/source-client.ts";
import {
  createSourceQueries,
  fieldsOfList,
  nameOf,
  type RoomSpan,
  type SourceQueries,
} from "../source/source-queries.ts";
import { toParticipant, toRoom } from "../source/to-source-row.ts";
import type { Target } from "../target/connect-target.ts";
import { type Difference, findDifferences, memberDifferences } from "./find-differences.ts";
import { type MaruView, readMaruView } from "./maru-view.ts";
import { sourceFacts, sourceMembers, sourceMessages } from "./source-view.ts";
import { hashSql, viewHash } from "./view-hash.ts";

export interface VerifyOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  /** Undefined: all. */
  readonly sample: number | undefined;
  /** Undefined: all, or the sample. */
  readonly roomIds?: readonly string[] | undefined;
  readonly parallel: number;
  readonly roomsPerSpan: number;
  /** While both sides are live, a room that differs is looked at again so often. */
  readonly attempts: number;
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { rooms: number; messages: number; differences: number; roomsTotal: number }) => void;
}

export interface VerifyReport {
  readonly rooms: number;
  readonly messages: number;
  readonly members: number;
  /** Rooms whose hashes were the same, so that their messages were not sent. */
  readonly equalByHash: number;
  readonly differences: readonly Difference[];
  /** More were found than are listed. */
  readonly differenceCount: number;
  readonly seconds: number;
}

const maxListed = 10_000;

/** Compares rooms of both sides. */
export async function runVerify(options: VerifyOptions): Promise<VerifyReport> {
  const { source, mapping, onProgress } = options;
  const begunAtMs = Date.now();
  await using client = await connectSource(source);
  await checkMapping(client, mapping);
  const queries = createSourceQueries(mapping);
  const total = { rooms: 0, messages: 0, members: 0, equalByHash: 0, differenceCount: 0 };
  const differences: Difference[] = [];
  const { spans, roomsTotal } = await planSpans(client, queries, options);
  const say = (found: readonly Difference[]) => {
    total.differenceCount += found.length;
    differences.push(...found.slice(0, Math.max(0, maxListed - differences.length)));
  };
  for (const span of spans) {
    options.signal.throwIfAborted();
    const outcomes = await verifySpan(options, client, queries, span);
    for (const { messages, members, byHash, found } of outcomes) {
      total.rooms++;
      total.messages += messages;
      total.members += members;
      if (byHash) total.equalByHash++;
      say(found);
    }
    onProgress({ ...total, differences: total.differenceCount, roomsTotal });
  }
  if (options.sample === undefined && options.roomIds === undefined) say(await findUnknownRooms(options, client));
  return { ...total, differences, seconds: (Date.now() - begunAtMs) / 1000 };
}

interface RoomOutcome {
  readonly messages: number;
  readonly members: number;
  readonly byHash: boolean;
  readonly found: readonly Difference[];
}

async function planSpans(client: SourceClient, queries: SourceQueries, options: VerifyOptions) {
  const { sample, roomIds, roomsPerSpan, mapping } = options;
  const rooms = nameOf(mapping.rooms);
  const [counted] = await client.rows(
    `select count(*) as count, min(id) as low, max(id) as high from (select ${idOf(mapping)} as id from ${rooms}) ids`,
  );
  const single = (ids: readonly string[]): { spans: RoomSpan[]; roomsTotal: number } => ({
    spans: ids.map((id) => ({ after: String(BigInt(id) - 1n), upTo: id })),
    roomsTotal: ids.length,
  });
  if (roomIds !== undefined) return single(roomIds);
  if (sample !== undefined) {
    const ids = new Set<string>();
    const [low, high] = [Number(counted?.low ?? 0), Number(counted?.high ?? 0)];
    // Ids may have holes: the next one that is there is taken. Rooms that come behind large holes come more often.
    for (let tries = 0; ids.size < Math.min(sample, Number(counted?.count)) && tries < sample * 4; tries++) {
      const from = Math.floor(low + Math.random() * (high - low + 1));
      const [next] = await client.rows(
        `select ${idOf(mapping)} as id from ${rooms} where ${idOf(mapping)} >= $1 order by 1 limit 1`,
        [from],
      );
      if (next?.id) ids.add(next.id);
    }
    return single([...ids]);
  }
  const bounds = (await client.rows(queries.everyNthRoom(roomsPerSpan))).map(({ id }) => id ?? "");
  const spans = [...bounds, undefined].map((upTo, index) => ({ after: bounds[index - 1], upTo }));
  return { spans, roomsTotal: Number(counted?.count ?? 0) };
}

function idOf({ rooms }: Mapping): string {
  return `"${rooms.columns.get("id")}"`;
}

interface SourceSide {
  readonly room: SourceRoom;
  readonly participants: readonly SourceParticipant[];
  readonly count: number;
  readonly hash: string;
}

async function verifySpan(
  options: VerifyOptions,
  client: SourceClient,
  queries: SourceQueries,
  span: RoomSpan,
): Promise<RoomOutcome[]> {
  await client.raw.query("begin transaction isolation level repeatable read read only");
  const sides: SourceSide[] = [];
  try {
    const rooms = (await client.lists(queries.rooms(span))).map((row) => toRoom(fieldsOfList("rooms", row)));
    const participants = (await client.lists(queries.participants(span))).map((row) =>
      toParticipant(fieldsOfList("participants", row)),
    );
    const hashes = new Map((await client.rows(hashSql(options.mapping, span))).map((row) => [row.room, row]));
    const membersOf = Map.groupBy(participants, ({ roomId = "" }) => roomId);
    for (const room of rooms) {
      const hash = hashes.get(room.id);
      sides.push({
        room,
        participants: membersOf.get(room.id) ?? [],
        count: Number(hash?.count ?? 0),
        hash: hash?.hash ?? viewHash([]),
      });
    }
  } finally {
    await client.raw.query("commit");
  }
  return inParallel(sides, options.parallel, (side) => verifyRoom(options, queries, side));
}

async function verifyRoom(options: VerifyOptions, queries: SourceQueries, side: SourceSide): Promise<RoomOutcome> {
  const settings = importSettingsOf(options.mapping);
  const roomId = toRoomId(settings, side.room.id);
  const maru = await readMaruView(settings, options.target, roomId, { consistent: false });
  const quick = compareQuickly(options, roomId, side, maru);
  const outcome = { messages: side.count, members: side.participants.length };
  if (quick) return { ...outcome, byHash: true, found: [] };
  let found: readonly Difference[] = [];
  for (let attempt = 0; attempt < options.attempts; attempt++) {
    if (attempt > 0) await sleep(options.pauseMs, undefined, { signal: options.signal });
    // Maru's side first: what came meanwhile is then only on the side that it came from.
    const again = await readMaruView(settings, options.target, roomId, { consistent: true });
    found = await compareInFull(options, queries, side.room.id, again);
    if (found.length === 0) break;
  }
  return { ...outcome, byHash: false, found };
}

function compareQuickly({ mapping }: VerifyOptions, roomId: string, side: SourceSide, maru: MaruView): boolean {
  const settings = importSettingsOf(mapping);
  if (maru.room === undefined || maru.disorder.length > 0 || side.hash !== viewHash(maru.messages)) return false;
  const facts = sourceFacts(settings, side.room);
  if (facts.kind !== maru.room.kind || facts.title !== maru.room.title || facts.subject !== maru.room.subject)
    return false;
  if (facts.closed !== maru.room.closed) return false;
  return (
    memberDifferences(roomId, sourceMembers(settings, side.participants, maru.lastReadOf), maru.members).length === 0
  );
}

async function compareInFull(
  options: VerifyOptions,
  queries: SourceQueries,
  id: string,
  maru: MaruView,
): Promise<Difference[]> {
  const settings = importSettingsOf(options.mapping);
  await using client = await connectSource(options.source);
  await client.raw.query("begin transaction isolation level repeatable read read only");
  const span = { after: String(BigInt(id) - 1n), upTo: id };
  const roomId = toRoomId(settings, id);
  for await (const rows of readRooms(client, queries, span)) {
    const messages: MessageWithAttachments[] = [];
    for await (const page of rows.messages) messages.push(...page);
    if (rows.room === undefined) continue;
    const source = {
      room: sourceFacts(settings, rows.room),
      messages: sourceMessages(messages),
      members: sourceMembers(settings, rows.participants, maru.lastReadOf),
    };
    return findDifferences(roomId, source, maru);
  }
  return findDifferences(roomId, { room: undefined, messages: [], members: new Map() }, maru);
}

/** Rooms that were imported, and are not in the source. */
async function findUnknownRooms({ target, mapping }: VerifyOptions, client: SourceClient): Promise<Difference[]> {
  const store = createDynamoStore({ client: target.client, tableName: target.table });
  const { room_id_prefix: prefix } = mapping.target;
  const found: Difference[] = [];
  const buckets = Array.from({ length: roomBucketCount }, (_, bucket) => bucket);
  await inParallel(buckets, 16, async (bucket) => {
    for (let after: string | undefined; ; ) {
      const page = await store.listRoomIds(bucket, after, 500);
      const ids = page
        .filter((id) => !isDerivedRoomId(id) && id.startsWith(prefix))
        .map((id) => id.slice(prefix.length));
      const numbers = ids.filter((id) => /^\d+$/.test(id));
      if (numbers.length > 0) {
        const sql = `select ${idOf(mapping)}::text as id from ${nameOf(mapping.rooms)} where ${idOf(mapping)} = any($1::bigint[])`;
        const known = new Set((await client.rows(sql, [numbers])).map(({ id }) => id));
        for (const id of numbers.filter((id) => !known.has(id)))
          found.push({ roomId: prefix + id, kind: "room_unknown", id: "", source: undefined, maru: prefix + id });
      }
      if (page.length < 500) break;
      after = page.at(-1);
    }
  });
  return found;
}
