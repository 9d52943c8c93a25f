import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import type { LakeColumn } from "./columns-of.ts";
import { type CopyOptions, copySql } from "./copy-sql.ts";
import { RowCountError } from "./errors.ts";
import { makeFifo, openFifoForWriting } from "./fifo.ts";
import { countSql, parquetSql } from "./parquet-sql.ts";
import { type TableName, tableText } from "./table-name.ts";
import { toExportError } from "./to-export-error.ts";

export interface ParquetJob {
  /** In the transaction whose rows are meant. */
  readonly client: Client;
  readonly table: TableName;
  readonly columns: readonly LakeColumn[];
  readonly options: CopyOptions;
  /** For the named pipe, and for what DuckDB cannot hold in memory. */
  readonly scratch: string;
  /** The Parquet file; half a file may be there when this fails. */
  readonly file: string;
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** Bytes of csv so far. */
  readonly onBytes: (bytes: number) => void;
}

/** Streams a table through PostgreSQL's COPY and a named pipe into DuckDB, which writes Parquet. Counts on both sides. */
export async function writeParquet(job: ParquetJob): Promise<{ rows: number; bytes: number }> {
  const fifo = join(job.scratch, `${tableText(job.table)}.csv`);
  await makeFifo(fifo);
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor(job.memoryBytes / 1024)}KiB`,
    threads: "2",
    temp_directory: join(job.scratch, "duckdb"),
    preserve_insertion_order: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    const copied = await convert(job, connection, fifo);
    const written = await countRows(connection, job.file);
    if (copied !== written) {
      throw new RowCountError(
        `PostgreSQL sent ${copied} rows of ${tableText(job.table)}, and the file holds ${written}: it is not kept`,
      );
    }
    return { rows: written, bytes: (await stat(job.file)).size };
  } catch (error) {
    job.signal.throwIfAborted();
    throw toExportError(tableText(job.table), error);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

// The first of both to fail is the reason; the other is ended, and waited for.
async function convert(job: ParquetJob, connection: DuckDBConnection, fifo: string): Promise<number> {
  const failed = new AbortController();
  const parquet = connection.run(parquetSql(job.columns, fifo, job.file));
  const csv = copyRows(job, fifo, AbortSignal.any([job.signal, failed.signal]));
  parquet.catch(() => failed.abort());
  csv.catch((error) => isBrokenPipe(error) || connection.interrupt());
  // A broken pipe says only that the reader is gone; why is the reader's to say.
  const copied = csv.catch((error) =>
    isBrokenPipe(error) ? parquet.then(() => Promise.reject(error)) : Promise.reject(error),
  );
  try {
    const [rows] = await Promise.all([copied, parquet]);
    return rows;
  } finally {
    await Promise.allSettled([copied, parquet]);
  }
}

async function copyRows(job: ParquetJob, fifo: string, signal: AbortSignal): Promise<number> {
  const pipe = await openFifoForWriting(fifo, signal);
  const rows = job.client.query(copyTo(copySql(job.table, job.columns, job.options)));
  // What PostgreSQL says after the pipeline has ended would have no listener.
  rows.on("error", () => undefined);
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      job.onBytes(bytes);
      done(null, chunk);
    },
  });
  await pipeline(rows, count, pipe, { signal });
  // The number of rows comes after the last row: the next answer is behind it.
  await job.client.query("select 1");
  return rows.rowCount;
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const answer = await connection.runAndReadAll(countSql(file));
  return Number(answer.getRows()[0]?.[0]);
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EPIPE";
}
