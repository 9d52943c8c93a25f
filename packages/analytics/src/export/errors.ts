/** What every error of an export is; the message is a sentence for the person who runs it. */
export class ExportError extends Error {
  override name = "ExportError";
}

/** What was asked for makes no sense, whatever the database holds. */
export class ExportOptionsError extends ExportError {
  override name = "ExportOptionsError";
}

/** PostgreSQL could not be reached, or refused the session. */
export class PostgresUnreachableError extends ExportError {
  override name = "PostgresUnreachableError";
}

/** No table, view or materialized view has this name. */
export class UnknownTableError extends ExportError {
  override name = "UnknownTableError";
}

/** PostgreSQL does not let this user read the table, or not all of it. */
export class TablePermissionError extends ExportError {
  override name = "TablePermissionError";
}

/** Columns that have no place in the lake: every one of the table, not only the first. */
export class UnsupportedColumnError extends ExportError {
  override name = "UnsupportedColumnError";
  readonly columns: readonly string[];
  constructor(table: string, problems: readonly { readonly column: string; readonly problem: string }[]) {
    const list = problems.map(({ column, problem }) => `${column} ${problem}`).join("; ");
    super(`${table} cannot be exported as it is: ${list}. Make a view that casts or leaves them out, and export that.`);
    this.columns = problems.map(({ column }) => column);
  }
}

/** A value that Parquet, Spark and Athena do not all read alike: infinity, NaN in a decimal, a year before 1 or after 9999. */
export class OutOfRangeError extends ExportError {
  override name = "OutOfRangeError";
  constructor(table: string, column: string, value: string) {
    super(
      `${table}.${column} holds ${value}, which has no place in the column's type in the lake: ` +
        `change the rows, leave them out with --where, or write NULL for such values with --out-of-range null.`,
    );
  }
}

/** A row is longer than what the conversion holds at once. */
export class RowTooLongError extends ExportError {
  override name = "RowTooLongError";
}

/** The disk under the file that is being written is full. */
export class DiskFullError extends ExportError {
  override name = "DiskFullError";
}

/** PostgreSQL sent another number of rows than the file holds: the file is not kept. */
export class RowCountError extends ExportError {
  override name = "RowCountError";
}

/** PostgreSQL ended the copy: the message is its own. */
export class CopyFailedError extends ExportError {
  override name = "CopyFailedError";
}

/** The rows could not be written as Parquet. */
export class ParquetError extends ExportError {
  override name = "ParquetError";
}

/** The object store refused a file, or could not be reached. */
export class ObjectStoreError extends ExportError {
  override name = "ObjectStoreError";
}
