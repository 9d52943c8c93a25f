// Exports tables of PostgreSQL into the lake as Parquet.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ExportError, ExportOptionsError } from "../export/errors.ts";
import { exportTables, type TableExport } from "../export/export-tables.ts";
import type { LakeTarget } from "../export/lake-target.ts";
import { openFolderTarget } from "../export/open-folder-target.ts";
import { openS3Target, parseS3Url } from "../export/open-s3-target.ts";
import { startExportProgress } from "../export/start-export-progress.ts";
import { parseTableName, tableText } from "../export/table-name.ts";

const help = `usage: npm run export-tables -- --postgres URL --out PLACE --tables LIST --day DAY [options]

Writes tables of PostgreSQL into the lake as Parquet, all as of one moment (one transaction), to
PLACE/tables/<schema>.<table>/year=…/month=…/day=…/rows.parquet. Run again for the same day, it replaces the day's files.
Nothing in the lake changes before every table is written and its rows are counted on both sides; Ctrl-C leaves the lake
as it was. A run that was stopped starts again from the beginning. The last line is one JSON object.

  --postgres URL       postgres://user@host:5432/database; leave the password to PGPASSWORD or ~/.pgpass
  --out PLACE          a folder, or s3://bucket/prefix with the credentials that the AWS SDK finds
  --tables LIST        public.regions,public.listings: tables, views or materialized views
  --day DAY            the day of the folder, for example 2026-11-25; it selects no rows
  --where CONDITION    "public.listings: updated_at >= '2026-11-25'", SQL of PostgreSQL for one of the tables; repeatable
  --out-of-range WHAT  of infinity, NaN in a numeric(p,s), years before 1 or after 9999: refuse (default), or null
  --memory-mb N        what the conversion may hold (default 512, at least 256)
  --endpoint URL       of an object store that is not Amazon's
  --region NAME        of the bucket (default: what the AWS SDK finds)
  --help

Exit code 1: a problem, in one sentence; 130: stopped by Ctrl-C.
`;

async function main(signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    options: {
      postgres: { type: "string" },
      out: { type: "string" },
      tables: { type: "string" },
      day: { type: "string" },
      where: { type: "string", multiple: true, default: [] },
      "out-of-range": { type: "string", default: "refuse" },
      "memory-mb": { type: "string", default: "512" },
      endpoint: { type: "string" },
      region: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const { "out-of-range": outOfRange, "memory-mb": memoryMb } = values;
  if (outOfRange !== "refuse" && outOfRange !== "null") {
    throw new ExportOptionsError(`--out-of-range is refuse or null, not "${outOfRange}"`);
  }
  if (!/^\d+$/.test(memoryMb) || Number(memoryMb) < 256) {
    throw new ExportOptionsError(`--memory-mb is a whole number from 256, not "${memoryMb}"`);
  }
  const postgresUrl = required("--postgres", values.postgres);
  const day = required("--day", values.day);
  const tables = toTableExports(required("--tables", values.tables), values.where);
  const out = required("--out", values.out);
  const progress = startExportProgress(tables.length);
  try {
    await using target = await openTarget(out, values, signal);
    const memoryBytes = Number(memoryMb) * 1024 * 1024;
    const report = await exportTables({
      ...{ postgresUrl, target, tables, day, outOfRange, memoryBytes, signal },
      onProgress: (table, bytes) => progress.update(tableText(table), bytes),
    });
    progress.end();
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    progress.end();
  }
}

function openTarget(out: string, s3: { endpoint?: string; region?: string }, signal: AbortSignal): Promise<LakeTarget> {
  if (!out.startsWith("s3:")) return openFolderTarget(resolve(out), Date.now());
  const { endpoint, region } = s3;
  return openS3Target({ ...parseS3Url(out), endpoint, region }, signal);
}

function toTableExports(list: string, conditions: readonly string[]): TableExport[] {
  const where = new Map<string, string>();
  for (const condition of conditions) {
    const [name = "", ...rest] = condition.split(":");
    const sql = rest.join(":").trim();
    if (sql === "") throw new ExportOptionsError(`--where is "table: condition", not "${condition}"`);
    where.set(tableText(parseTableName(name)), sql);
  }
  const tables = list.split(",").map((name) => {
    const table = parseTableName(name);
    return { table, where: where.get(tableText(table)) };
  });
  const unused = [...where.keys()].find((name) => !tables.some(({ table }) => tableText(table) === name));
  if (unused !== undefined) throw new ExportOptionsError(`--where names ${unused}, which --tables does not`);
  return tables;
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new ExportOptionsError(`${flag} is missing; --help says all`);
  return value;
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}; nothing half is left`)));
}
try {
  await main(stop.signal);
} catch (error) {
  const isSentence =
    error instanceof ExportError || stop.signal.aborted || (error instanceof TypeError && "code" in error);
  process.stderr.write(`${isSentence ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
