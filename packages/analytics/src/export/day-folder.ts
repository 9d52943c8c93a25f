import { ExportOptionsError } from "./errors.ts";
import { type TableName, tableText } from "./table-name.ts";

/** Where a table's rows are, below the lake: `tables/public.listings/`. */
export function tableFolder(table: TableName): string {
  return `tables/${tableText(table)}/`;
}

/** Where they are as of one day: `tables/public.listings/year=2026/month=11/day=25/`. */
export function dayFolder(table: TableName, day: string): string {
  const [year, month, date] = day.split("-");
  return `${tableFolder(table)}year=${year}/month=${month}/day=${date}/`;
}

/** A calendar day as `2026-11-25`, or a sentence about what is wrong. */
export function checkDay(day: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day) {
    throw new ExportOptionsError(`"${day}" is no day of the calendar: write it as 2026-11-25.`);
  }
  return day;
}
