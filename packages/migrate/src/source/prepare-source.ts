import { authoritySql, publicationSql } from "../authority/authority-sql.ts";
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
  await client.raw.query("begin");
  try {
    await client.raw.query(authoritySql(mapping));
    for (const table of [mapping.rooms, mapping.participants, mapping.messages, mapping.attachments]) {
      // A row that is deleted, or whose long text did not change, must say of which room it is.
      if (table !== undefined && !(await isFull(client, nameOf(table)))) {
        await client.raw.query(`alter table ${nameOf(table)} replica identity full`);
      }
    }
    const publication = slotOf(migration);
    const [existing] = await client.rows("select 1 as found from pg_publication where pubname = $1", [publication]);
    if (existing === undefined) await client.raw.query(publicationSql(mapping, publication));
    await client.raw.query("commit");
  } catch (error) {
    await client.raw.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function isFull(client: SourceClient, table: string): Promise<boolean> {
  const [found] = await client.rows("select relreplident from pg_class where oid = $1::regclass", [table]);
  return found?.relreplident === "f";
}
