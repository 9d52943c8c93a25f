import type { LakeColumn } from "./columns-of.ts";
import { toDuckDbType } from "./lake-type.ts";

/** The longest row that an export takes, as csv. */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;

// Each option is said: what DuckDB would guess from the first rows must not decide about the others.
const csvOptions = [
  "auto_detect=false",
  "header=false",
  "delim=','",
  `quote='"'`,
  `escape='"'`,
  "new_line='\\n'",
  "nullstr=''",
  "allow_quoted_nulls=false",
  "parallel=false",
  "compression='none'",
  `max_line_size=${MAX_ROW_BYTES}`,
  `buffer_size=${2 * MAX_ROW_BYTES}`,
];

/** DuckDB's statement that reads PostgreSQL's csv and writes Parquet. */
export function parquetSql(columns: readonly LakeColumn[], csvFile: string, parquetFile: string): string {
  const texts = columns.map((_, index) => `'c${index}': 'VARCHAR'`);
  const values = columns.map((column, index) => `${castSql(column, `c${index}`)} AS "${column.name}"`);
  const source = `read_csv(${literal(csvFile)}, ${csvOptions.join(", ")}, columns={${texts.join(", ")}})`;
  // A row group is held in memory until it is whole: bounded by bytes, whatever the length of the rows.
  const options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '32MB'";
  return `COPY (SELECT ${values.join(", ")} FROM ${source}) TO ${literal(parquetFile)} (${options})`;
}

/** DuckDB's query of how many rows a Parquet file says it has. */
export function countSql(parquetFile: string): string {
  return `SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata(${literal(parquetFile)})`;
}

function castSql({ type }: LakeColumn, text: string): string {
  switch (type) {
    case "string":
      return text;
    case "binary":
      return `unhex(${text})`;
    case "timestamptz":
      return `CAST(${text} || '+00' AS TIMESTAMPTZ)`;
    default:
      return `CAST(${text} AS ${toDuckDbType(type)})`;
  }
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
