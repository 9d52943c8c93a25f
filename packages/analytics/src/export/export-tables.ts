import { join } from "node:path";
import { columnsOf } from "./columns-of.ts";
import type { OutOfRange } from "./copy-sql.ts";
import { checkDay, dayFolder } from "./day-folder.ts";
import { ExportOptionsError } from "./errors.ts";
import type { LakeTarget } from "./lake-target.ts";
import { openSnapshot } from "./open-snapshot.ts";
import { type TableName, tableText } from "./table-name.ts";
import { writeParquet } from "./write-parquet.ts";

/** A table, and which of its rows. */
export interface TableExport {
  readonly table: TableName;
  /** A condition of PostgreSQL's SQL. */
  readonly where?: string | undefined;
}

export interface ExportOptions {
  readonly postgresUrl: string;
  readonly target: LakeTarget;
  readonly tables: readonly TableExport[];
  /** The day of the folder, as `2026-11-25`. */
  readonly day: string;
  /** Default `refuse`. */
  readonly outOfRange?: OutOfRange;
  /** What DuckDB may hold. Default 512 MiB. */
  readonly memoryBytes?: number;
  readonly signal?: AbortSignal;
  /** Bytes of csv that were read of a table so far. */
  readonly onProgress?: (table: TableName, bytes: number) => void;
}

export interface ExportReport {
  readonly day: string;
  /** What the tables held at this moment is what was written. */
  readonly snapshotAt: string;
  readonly tables: readonly { table: string; rows: number; bytes: number; file: string }[];
}

const MEMORY_BYTES = 512 * 1024 * 1024;

/**
 * Writes tables of PostgreSQL as Parquet into the day's folders of the lake, all as of one moment. Nothing is changed in
 * the lake before every table is written and counted; then each day's file is replaced in one step.
 */
export async function exportTables(options: ExportOptions): Promise<ExportReport> {
  const { tables, target, signal = new AbortController().signal } = options;
  const day = checkDay(options.day);
  requireDistinct(tables);
  await using snapshot = await openSnapshot(
    options.postgresUrl,
    tables.map(({ table }) => table),
  );
  const { client } = snapshot;
  // Every table's columns first: what cannot be exported is known before hours of copying.
  const plans = [];
  for (const one of tables) plans.push({ ...one, columns: await columnsOf(client, one.table) });
  const written = [];
  for (const { table, where, columns } of plans) {
    signal.throwIfAborted();
    const file = join(target.scratch, `${tableText(table)}.parquet.partial`);
    const { rows, bytes } = await writeParquet({
      ...{ client, table, columns, scratch: target.scratch, file, signal },
      options: { where, outOfRange: options.outOfRange ?? "refuse" },
      memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
      onBytes: (bytes) => options.onProgress?.(table, bytes),
    });
    written.push({ table, rows, bytes, partial: file });
  }
  const reports = [];
  signal.throwIfAborted();
  for (const { table, rows, bytes, partial } of written) {
    reports.push({
      table: tableText(table),
      rows,
      bytes,
      file: await target.publish(partial, dayFolder(table, day)),
    });
  }
  return { day, snapshotAt: snapshot.takenAt.toISOString(), tables: reports };
}

function requireDistinct(tables: readonly TableExport[]): void {
  const names = tables.map(({ table }) => tableText(table));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ExportOptionsError(`${twice} is named twice`);
  if (names.length === 0) throw new ExportOptionsError("no table is named");
}
