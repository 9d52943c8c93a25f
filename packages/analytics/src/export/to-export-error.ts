import { DatabaseError } from "pg";
import { outOfRangeIn } from "./copy-sql.ts";
import {
  CopyFailedError,
  DiskFullError,
  ExportError,
  OutOfRangeError,
  ParquetError,
  RowTooLongError,
  TablePermissionError,
} from "./errors.ts";
import { MAX_ROW_BYTES } from "./parquet-sql.ts";

/** What went wrong with a table, without the rows that DuckDB and PostgreSQL like to quote: they may be somebody's words. */
export function toExportError(table: string, error: unknown): Error {
  if (error instanceof ExportError) return error;
  if (error instanceof DatabaseError) return toCopyError(table, error);
  const message = error instanceof Error ? error.message : String(error);
  const refused = outOfRangeIn(message);
  if (refused !== undefined) return new OutOfRangeError(table, refused.column, refused.value);
  if (/No space left on device|ENOSPC/i.test(message)) {
    return new DiskFullError(`the disk is full: ${table} could not be written, and nothing half is kept`);
  }
  if (/Maximum line size/i.test(message)) {
    return new RowTooLongError(
      `a row of ${table} is longer than ${MAX_ROW_BYTES} bytes: leave it out with --where, or its long column with a view`,
    );
  }
  if (/Connection terminated|ECONNRESET/.test(message)) {
    return new CopyFailedError(`the connection to PostgreSQL was lost while ${table} was copied`);
  }
  return new ParquetError(`${table} could not be written as Parquet: ${firstLine(message)}`);
}

function toCopyError(table: string, error: DatabaseError): ExportError {
  if (error.code === "42501") {
    return new TablePermissionError(
      `PostgreSQL lets this user not read all of ${table}: ${error.message}. ` +
        "An export with rows left out by a policy would look whole: use a user with BYPASSRLS, or a view.",
    );
  }
  const standby =
    error.code === "40001"
      ? " (a standby ends queries that hold up its replay: raise max_standby_streaming_delay)"
      : "";
  return new CopyFailedError(`PostgreSQL ended the copy of ${table}: ${error.message}${standby}`);
}

function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").slice(0, 200);
}
