import { Client, DatabaseError } from "pg";
import { SESSION_SQL } from "./columns-sql.ts";
import { CopyFailedError, PostgresUnreachableError, TablePermissionError, UnknownTableError } from "./errors.ts";
import { quotedTable, type TableName, tableText } from "./table-name.ts";

/** One transaction that sees all tables as of one moment, and in which none of them changes its columns. */
export interface Snapshot extends AsyncDisposable {
  readonly client: Client;
  /** When the transaction began, by PostgreSQL's clock. */
  readonly takenAt: Date;
}

/** Connects, checks that every table is there and may be read, and takes the snapshot. */
export async function openSnapshot(url: string, tables: readonly TableName[]): Promise<Snapshot> {
  const client = await connect(url);
  try {
    await client.query(SESSION_SQL);
    const lockable: string[] = [];
    for (const table of tables) {
      if (await canBeLocked(client, table)) lockable.push(quotedTable(table));
    }
    await client.query("begin isolation level repeatable read, read only");
    // Before the first query, which is the moment that the transaction sees: no column changes after it.
    if (lockable.length > 0) await client.query(`lock table ${lockable.join(", ")} in access share mode`);
    const { rows } = await client.query<{ now: Date }>("select now()");
    return { client, takenAt: rows[0]?.now ?? new Date(), [Symbol.asyncDispose]: () => client.end() };
  } catch (error) {
    await client.end();
    throw error instanceof DatabaseError && error.code === "55P03"
      ? new CopyFailedError("somebody changes one of the tables, and did so for longer than a minute: try again later")
      : error;
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: "maru export-tables" });
  // A connection that is lost between two queries fails the next query; without a listener it would end the program.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    const reason = error instanceof AggregateError ? error.errors.map(String).join("; ") : (error as Error).message;
    throw new PostgresUnreachableError(`cannot connect to PostgreSQL at ${client.host}:${client.port}: ${reason}`, {
      cause: error,
    });
  }
}

async function canBeLocked(client: Client, table: TableName): Promise<boolean> {
  const { rows } = await client.query<{ relkind: string; readable: boolean; reader: string }>(
    `select relkind::text, current_user as reader,
       has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable
     from pg_class c join pg_namespace n on n.oid = relnamespace
     where nspname = $1 and relname = $2 and relkind in ('r', 'p', 'v', 'm', 'f')`,
    [table.schema, table.table],
  );
  const found = rows[0];
  if (found === undefined) {
    throw new UnknownTableError(
      `there is no table or view ${tableText(table)} in the database ${client.database}: ` +
        `names are spelled as the catalog spells them, with their schema`,
    );
  }
  if (!found.readable) {
    throw new TablePermissionError(
      `${found.reader} may not read ${tableText(table)}: its owner can say ` +
        `GRANT USAGE ON SCHEMA "${table.schema}" TO "${found.reader}"; GRANT SELECT ON ${quotedTable(table)} TO "${found.reader}"`,
    );
  }
  return ["r", "p", "v"].includes(found.relkind);
}
