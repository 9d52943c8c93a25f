/** An existing table is not as this version needs it. Nothing was changed. */
export class TableMismatchError extends Error {
  override readonly name = "TableMismatchError";
  readonly tableName: string;
  readonly problems: readonly string[];

  constructor(tableName: string, problems: readonly string[]) {
    super(`Table ${tableName} is not as Maru needs it: ${problems.join("; ")}`);
    this.tableName = tableName;
    this.problems = problems;
  }
}

/** The table did not become active, or its backups did not become available, in time. */
export class TableNotReadyError extends Error {
  override readonly name = "TableNotReadyError";
  readonly tableName: string;

  constructor(tableName: string, options: { waitedMs: number; cause: unknown }) {
    super(`Table ${tableName} was not ready after ${options.waitedMs} ms`, { cause: options.cause });
    this.tableName = tableName;
  }
}
