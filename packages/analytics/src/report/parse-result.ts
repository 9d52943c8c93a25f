import { parse } from "csv-parse/sync";

/** The result of a statistic: rows by column, as texts; null where SQL said NULL. */
export type ResultRow = Readonly<Record<string, string | null>>;

/** Reads what Athena writes: quoted values are texts, also empty ones, and nothing between the commas is NULL. */
export function parseResult(csv: string): ResultRow[] {
  return parse(csv, { columns: true, cast: (value, { quoting }) => (value === "" && !quoting ? null : value) });
}
