import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Stack, startStack } from "@maru/devstack";
import { Client } from "pg";
import { type ExportOptions, type ExportReport, exportTables } from "../src/export/export-tables.ts";
import { openFolderTarget } from "../src/export/open-folder-target.ts";
import { parseTableName } from "../src/export/table-name.ts";

/** A PostgreSQL, an empty lake in a folder, and a DuckDB that looks into its files. */
export interface ExportWorld extends AsyncDisposable {
  readonly postgresUrl: string;
  readonly lake: string;
  sql(text: string): Promise<unknown[]>;
  /** Exports the tables of a list into the lake. */
  run(tables: string, options?: Partial<ExportOptions>): Promise<ExportReport>;
  /** Rows as DuckDB reads them; `$file` stands for all files that a reader of the table sees. */
  read(table: string, query: string): Promise<Record<string, unknown>[]>;
}

export const DAY = "2026-11-25";

export async function startExportWorld(): Promise<ExportWorld> {
  const stack: Stack = await startStack({ postgres: true });
  const postgresUrl = stack.postgres?.url ?? "";
  const lake = await mkdtemp(join(tmpdir(), "maru-export-lake-"));
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  const duckdb = await DuckDBInstance.create(":memory:");
  const reader = await duckdb.connect();
  await reader.run("SET TimeZone = 'UTC'");
  return {
    postgresUrl,
    lake,
    async sql(text) {
      const answer = await client.query(text);
      return answer.rows;
    },
    async run(tables, options = {}) {
      await using target = await openFolderTarget(lake, Date.now());
      return await exportTables({
        ...{ postgresUrl, target, day: DAY },
        tables: tables.split(",").map((name) => ({ table: parseTableName(name) })),
        ...options,
      });
    },
    async read(table, query) {
      const files = join(lake, "tables", table, "year=*", "month=*", "day=*", "*.parquet");
      const answer = await reader.runAndReadAll(query.replaceAll("$file", `'${files}'`));
      return answer.getRowObjectsJson();
    },
    async [Symbol.asyncDispose]() {
      reader.closeSync();
      duckdb.closeSync();
      await client.end();
      await stack.close();
      await rm(lake, { recursive: true, force: true });
    },
  };
}
