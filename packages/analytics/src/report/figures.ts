import type { ResultRow } from "./parse-result.ts";

/** What the columns of a result are: what is counted, and by what. */
export interface Shape {
  readonly categories: readonly string[];
  readonly figures: readonly string[];
}

export function shapeOf(rows: readonly ResultRow[]): Shape {
  const columns = Object.keys(rows[0] ?? {});
  const isFigure = (column: string): boolean => rows.every((row) => row[column] === null || isNumber(row[column]));
  return { categories: columns.filter((column) => !isFigure(column)), figures: columns.filter(isFigure) };
}

/** A figure as people read it; its unit is in the column's name. */
export function figureText(column: string, value: string | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const number = Number(value);
  if (column.endsWith("_ms")) return durationText(number);
  if (column === "share") return `${(number * 100).toFixed(1)} %`;
  return Number.isInteger(number) ? number.toLocaleString("en") : number.toFixed(2);
}

/** `p50_ms` is read as "p50", `returning_users` as "returning users". */
export function columnTitle(column: string): string {
  return column.replace(/_ms$/, "").replaceAll("_", " ");
}

function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

function isNumber(text: string | null | undefined): boolean {
  return typeof text === "string" && text.trim() !== "" && Number.isFinite(Number(text));
}
