import { setTimeout as sleep } from "node:timers/promises";
import { authoritySql, guardSql, guardTrigger, publicationSql } from "../authority/authority-sql.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { SourceClient } from "./source-client.ts";
import { SourceError } from "./source-error.ts";
import { nameOf } from "./source-queries.ts";

/** Names of what a migration makes in the source. */
export function slotOf(migration: string): string {
  return `maru_${migration}`;
}

/**
 * Makes what following needs in the source: the publication, old rows in the log, and where rooms live. May be run again. The
 * slot is made by the copy, whose snapshot must end where it begins.
 */
export async function prepareSource(client: SourceClient, mapping: Mapping, migration: string): Promise<void> {
  const [settings] = await client.rows(
    "select current_setting('wal_level') as wal_level, current_setting('server_version_num') as version",
  );
  if (Number(settings?.version) < 140_000) throw new SourceError("PostgreSQL 14 or newer is needed");
  if (settings?.wal_level !== "logical") {
    throw new SourceError(
      `wal_level is ${settings?.wal_level}: set wal_level = logical in postgresql.conf and restart PostgreSQL`,
    );
  }
  const { rooms, participants, messages, attachments } = mapping;
  await change(client, authoritySql);
  for (const [table, field] of [
    [rooms, "id"],
    [participants, "room"],
    [messages, "room"],
  ] as const) {
    if (!(await isGuarded(client, nameOf(table)))) await change(client, guardSql(table, field));
  }
  for (const table of [rooms, participants, messages, attachments]) {
    // A row that is deleted, or whose long text did not change, must say of which room it is.
    if (table === undefined || (await isFull(client, nameOf(table)))) continue;
    await change(client, `alter table ${nameOf(table)} replica identity full`);
  }
  const publication = slotOf(migration);
  const [existing] = await client.rows("select 1 as found from pg_publication where pubname = $1", [publication]);
  if (existing === undefined) await change(client, publicationSql(mapping, publication));
}

const lockNotAvailable = "55P03";
const deadlock = "40P01";
const maxTries = 60;

/**
 * One change at a time, each in a transaction of its own that waits for locks only briefly: people are chatting in these
 * tables, and whoever waits for a lock on one makes all others wait behind.
 */
async function change(client: SourceClient, sql: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.raw.query(`begin; set local lock_timeout = '1s'; ${sql}; commit`);
      return;
    } catch (error) {
      await client.raw.query("rollback").catch(() => undefined);
      const { code } = error as { code?: string };
      if ((code !== lockNotAvailable && code !== deadlock) || tries === maxTries) throw error;
      await sleep(Math.random() * 500);
    }
  }
}

async function isGuarded(client: SourceClient, table: string): Promise<boolean> {
  const sql = "select 1 as found from pg_trigger where tgrelid = $1::regclass and tgname = $2";
  return (await client.rows(sql, [table, guardTrigger])).length > 0;
}

async function isFull(client: SourceClient, table: string): Promise<boolean> {
  const [found] = await client.rows("select relreplident from pg_class where oid = $1::regclass", [table]);
  return found?.relreplident === "f";
}
