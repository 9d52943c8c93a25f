import type { LakeColumn } from "./columns-of.ts";
import { quotedTable, type TableName } from "./table-name.ts";

/** What becomes of a value that the lake's type cannot hold: the export fails, or NULL is written. */
export type OutOfRange = "refuse" | "null";

export interface CopyOptions {
  /** A condition of PostgreSQL's SQL on the rows. */
  readonly where?: string | undefined;
  readonly outOfRange: OutOfRange;
}

/** The query whose columns are all text: the same in the exporter and in the Glue job. */
export function selectSql(table: TableName, columns: readonly LakeColumn[], options: CopyOptions): string {
  const values = columns.map((column) => valueSql(column, options.outOfRange));
  const where = options.where === undefined ? "" : ` where (${options.where}\n)`;
  return `select ${values.join(", ")} from ${quotedTable(table)}${where}`;
}

/** NULL is nothing between two commas, and an empty text is two quotes: PostgreSQL's own csv. */
export function copySql(table: TableName, columns: readonly LakeColumn[], options: CopyOptions): string {
  return `copy (${selectSql(table, columns, options)}) to stdout (format csv)`;
}

// What is refused becomes a text that no cast accepts, so that the reader's error says which value and column it was.
function valueSql({ name, value, inRange }: LakeColumn, outOfRange: OutOfRange): string {
  if (inRange === undefined) return value;
  const refused = outOfRange === "refuse" ? ` else '<' || ${value} || '> of ${name} is out of range'` : "";
  return `case when ${inRange} then ${value}${refused} end`;
}

/** The value and column in an error about a text that {@link selectSql} made of a value out of range. */
export function outOfRangeIn(message: string): { value: string; column: string } | undefined {
  const found = /<([^<>]{1,64})> of ([a-z0-9_]+) is out of range/.exec(message);
  return found === null ? undefined : { value: found[1] ?? "", column: found[2] ?? "" };
}
