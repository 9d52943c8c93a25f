import type { LoggedEntry } from "@maru/server/domain/store.ts";
import { toImportedMemberItem, toImportedRoomItem } from "@maru/server/store/imported-items.ts";
import { itemSizeBytes } from "@maru/server/store/item-size.ts";
import { toItem } from "@maru/server/store/items.ts";
import { checkMapping } from "../mapping/check-mapping.ts";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import type { Rejected, SourceTable } from "../room-log/source-rows.ts";
import { startRoomLog } from "../room-log/start-room-log.ts";
import { readRooms } from "../source/read-rooms.ts";
import { connectSource, type SourceClient } from "../source/source-client.ts";
import { createSourceQueries, nameOf, type SourceQueries } from "../source/source-queries.ts";
import { unitsOf } from "../target/batch-writer.ts";

export interface PlanOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly unitsPerSecond: number;
  readonly pricePerMillionUnits: number;
  /** Rooms from which sizes are reckoned. */
  readonly sampleRooms: number;
}

export interface Plan {
  readonly counts: Readonly<Record<SourceTable, { readonly rows: number; readonly exact: boolean }>>;
  readonly sampledRooms: number;
  readonly itemsPerRoom: number;
  readonly unitsPerRoom: number;
  readonly bytesPerItem: number;
  readonly rejectedInSample: Readonly<Record<string, number>>;
  readonly items: number;
  readonly writeUnits: number;
  readonly seconds: number;
  readonly cost: number;
  /** What stands in the way of following. */
  readonly warnings: readonly string[];
  readonly examples: readonly RoomExample[];
}

/** A room before and after. */
export interface RoomExample {
  readonly roomId: string;
  readonly before: {
    readonly room: object;
    readonly participants: number;
    readonly messages: number;
    readonly first: readonly object[];
  };
  readonly after: { readonly entries: number; readonly members: number; readonly first: readonly object[] };
}

const exactBelow = 5_000_000;
const shownRows = 4;

/** Checks the mapping against the tables, and reckons what a copy will take from a sample of rooms. Writes nothing. */
export async function makePlan(options: PlanOptions): Promise<Plan> {
  const { source, mapping } = options;
  await using client = await connectSource(source);
  await checkMapping(client, mapping);
  await client.raw.query("begin transaction isolation level repeatable read read only");
  const counts = await countTables(client, mapping);
  const queries = createSourceQueries(mapping);
  const sample = await sampleRooms(client, queries, mapping, { count: options.sampleRooms, of: counts.rooms.rows });
  const { rooms, items, units, bytes } = sample;
  const share = rooms === 0 ? 0 : counts.rooms.rows / rooms;
  const writeUnits = Math.round(units * share);
  return {
    counts,
    sampledRooms: rooms,
    itemsPerRoom: rooms === 0 ? 0 : items / rooms,
    unitsPerRoom: rooms === 0 ? 0 : units / rooms,
    bytesPerItem: items === 0 ? 0 : bytes / items,
    rejectedInSample: sample.rejected,
    items: Math.round(items * share),
    writeUnits,
    seconds: writeUnits / options.unitsPerSecond,
    cost: (writeUnits / 1_000_000) * options.pricePerMillionUnits,
    warnings: await followWarnings(client),
    examples: sample.examples,
  };
}

async function countTables(
  client: SourceClient,
  { rooms, participants, messages, attachments }: Mapping,
): Promise<Plan["counts"]> {
  const count = async (table: TableMapping | undefined) => {
    if (table === undefined) return { rows: 0, exact: true };
    const [estimate] = await client.rows("select reltuples::bigint as rows from pg_class where oid = $1::regclass", [
      nameOf(table),
    ]);
    const rows = Number(estimate?.rows ?? 0);
    if (rows > exactBelow) return { rows, exact: false };
    const [counted] = await client.rows(`select count(*) as rows from ${nameOf(table)}`);
    return { rows: Number(counted?.rows ?? 0), exact: true };
  };
  return {
    rooms: await count(rooms),
    participants: await count(participants),
    messages: await count(messages),
    attachments: await count(attachments),
  };
}

interface Sample {
  rooms: number;
  items: number;
  units: number;
  bytes: number;
  readonly rejected: Record<string, number>;
  readonly examples: RoomExample[];
}

/** Rooms at equal distances, so that old and new ones are among them. */
async function sampleRooms(
  client: SourceClient,
  queries: SourceQueries,
  mapping: Mapping,
  wanted: { readonly count: number; readonly of: number },
): Promise<Sample> {
  const sample: Sample = { rooms: 0, items: 0, units: 0, bytes: 0, rejected: {}, examples: [] };
  const ids = await client.rows(queries.everyNthRoom(Math.max(1, Math.floor(wanted.of / wanted.count))));
  for (const { id } of ids.slice(0, wanted.count)) {
    const upTo = id ?? "";
    for await (const rows of readRooms(client, queries, { after: String(BigInt(upTo) - 1n), upTo })) {
      if (rows.room === undefined) continue;
      const log = startRoomLog(importSettingsOf(mapping), rows.room, rows.participants, 0);
      const entries: LoggedEntry[] = [];
      const first: object[] = [];
      let messages = 0;
      for await (const page of rows.messages) {
        messages += page.length;
        for (const message of page) {
          if (first.length < shownRows) first.push(message);
          entries.push(...log.add(message));
        }
      }
      const end = log.end();
      entries.push(...end.entries);
      addItems(sample, [
        ...entries.map(toItem),
        ...end.members.map((member) => toImportedMemberItem(member, "")),
        toImportedRoomItem(end.room, ""),
      ]);
      sample.rooms++;
      for (const { reason } of log.rejected as readonly Rejected[])
        sample.rejected[reason] = (sample.rejected[reason] ?? 0) + 1;
      if (sample.examples.length === 5) continue;
      sample.examples.push({
        roomId: end.room.roomId,
        before: { room: rows.room, participants: rows.participants.length, messages, first },
        after: {
          entries: entries.length,
          members: end.members.length,
          first: entries.slice(0, shownRows).map(({ entry }) => toShown(entry)),
        },
      });
    }
  }
  return sample;
}

function toShown({ seq, type, actor, createdAt, imported, body }: LoggedEntry["entry"]): object {
  return {
    seq,
    type,
    by: actor?.kind.value,
    at: createdAt && new Date(Number(createdAt.seconds) * 1000),
    from: imported?.sourceId,
    body: body.value,
  };
}

function addItems(sample: Sample, items: readonly ReturnType<typeof toItem>[]): void {
  for (const item of items) {
    sample.items++;
    sample.units += unitsOf(item);
    sample.bytes += itemSizeBytes(item);
  }
}

async function followWarnings(client: SourceClient): Promise<string[]> {
  const [settings] = await client.rows(
    `select current_setting('wal_level') as wal_level, current_setting('server_version_num')::int as version,
       rolreplication or rolsuper as replicates, current_setting('max_slot_wal_keep_size') as kept
     from pg_roles where rolname = current_user`,
  );
  return [
    ...(settings?.wal_level === "logical"
      ? []
      : [`wal_level is ${settings?.wal_level}: set it to logical and restart PostgreSQL`]),
    ...(Number(settings?.version) >= 140_000 ? [] : ["PostgreSQL 14 or newer is needed"]),
    ...(settings?.replicates === "t" ? [] : ["the user may not replicate: ALTER ROLE … REPLICATION"]),
    ...(settings?.kept === "-1"
      ? []
      : [`max_slot_wal_keep_size is ${settings?.kept}: a copy that takes longer loses its slot`]),
  ];
}
