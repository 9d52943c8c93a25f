import pg from "pg";
import { columnsOf } from "../export/columns-of.ts";
import { exportTables } from "../export/export-tables.ts";
import type { LakeTarget } from "../export/lake-target.ts";
import { tableInput } from "../export/table-input.ts";
import type { AnyTableInput } from "./serve-glue.ts";

export interface UsersExport {
  readonly postgresUrl: string;
  readonly target: LakeTarget;
  readonly bucket: string;
  readonly day: string;
  readonly regionOf: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

const table = { schema: "public", table: "users" };

/** Makes a table of users and their regions in PostgreSQL, exports it, and says how the catalog describes the files. */
export async function exportUsers(options: UsersExport): Promise<AnyTableInput> {
  const { postgresUrl, target, bucket, day, regionOf, signal } = options;
  const client = new pg.Client(postgresUrl);
  await client.connect();
  try {
    await client.query("drop table if exists users");
    await client.query("create table users (user_id text primary key, region text not null)");
    const [userIds, regions] = [[...regionOf.keys()], [...regionOf.values()]];
    await client.query("insert into users select * from unnest($1::text[], $2::text[])", [userIds, regions]);
    const columns = await columnsOf(client, table);
    await exportTables({ postgresUrl, target, tables: [{ table }], day, signal });
    return tableInput({ name: "public_users", location: `s3://${bucket}/tables/public.users/`, columns });
  } finally {
    await client.end();
  }
}
