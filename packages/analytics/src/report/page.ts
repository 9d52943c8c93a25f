import type { Day } from "../statistics/local-day.ts";
import type { Statistic } from "../statistics/statistic.ts";
import { barChart, lineChart } from "./charts.ts";
import type { DayResult } from "./day-results.ts";
import { columnTitle, figureText, shapeOf } from "./figures.ts";
import type { ResultRow } from "./parse-result.ts";

export interface ReportedStatistic {
  readonly statistic: Pick<Statistic, "name" | "sentence">;
  /** Oldest first. */
  readonly results: readonly DayResult[];
}

/** One HTML page with nothing beside it: what was counted of a day, and how it moved in the days before. */
export function reportPage(day: Day, timeZone: string, statistics: readonly ReportedStatistic[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat on ${day}</title>
<style>${style}</style>
<main>
<h1>Chat on ${escapeHtml(day)}</h1>
<p class="zone">Days of ${escapeHtml(timeZone)}</p>
<div class="statistics">
${statistics.map((one) => section(day, one)).join("\n")}
</div>
</main>
</html>
`;
}

function section(day: Day, { statistic, results }: ReportedStatistic): string {
  const rows = results.find((result) => result.day === day)?.rows;
  const title = `<h2>${escapeHtml(columnTitle(statistic.name))}</h2><p>${escapeHtml(statistic.sentence)}</p>`;
  return `<section id="${escapeHtml(statistic.name)}">${title}${rows === undefined ? '<p class="none">No result of this day.</p>' : body(rows, results)}</section>`;
}

function body(rows: readonly ResultRow[], results: readonly DayResult[]): string {
  if (rows.length === 0) return '<p class="none">Nothing on this day.</p>';
  const { categories } = shapeOf(rows);
  if (categories.length > 0) return `${barChart(rows)}${table(rows)}`;
  return `${tiles(rows[0] ?? {})}${results.length > 1 ? lineChart(results) : ""}`;
}

function tiles(row: ResultRow): string {
  const tile = ([column, value]: [string, string | null]): string =>
    `<div><b>${escapeHtml(figureText(column, value))}</b><span>${escapeHtml(columnTitle(column))}</span></div>`;
  return `<div class="tiles">${Object.entries(row).map(tile).join("")}</div>`;
}

function table(rows: readonly ResultRow[]): string {
  const { categories, figures } = shapeOf(rows);
  const title = (column: string, kind = ""): string => `<th${kind}>${escapeHtml(columnTitle(column))}</th>`;
  const head = [
    ...categories.map((column) => title(column)),
    ...figures.map((column) => title(column, ' class="figure"')),
  ].join("");
  const lines = rows.map((row) => {
    const names = categories.map((column) => `<td>${escapeHtml(row[column] ?? "–")}</td>`).join("");
    const numbers = figures.map((column) => `<td class="figure">${escapeHtml(figureText(column, row[column]))}</td>`);
    return `<tr>${names}${numbers.join("")}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const style = `
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #23302f; background: #f6f4ef }
main { max-width: 1240px; margin: 2rem auto; padding: 0 1rem }
h1 { margin: 0; font-size: 1.8rem }
.zone { margin: 0 0 1.5rem; color: #6b7675 }
.statistics { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 1rem; align-items: start }
section { background: #fff; border: 1px solid #e3ded3; border-radius: 10px; padding: 1rem 1.2rem }
h2 { margin: 0; font-size: 1.05rem; text-transform: capitalize }
section > p { margin: 0 0 .8rem; color: #6b7675; font-size: .9rem }
.tiles { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; margin-bottom: .6rem }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.tiles span { color: #6b7675; font-size: .85rem }
svg { max-width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th { text-align: left; font-weight: 600; color: #6b7675 }
th, td { padding: .2rem .4rem; border-top: 1px solid #eee9df }
.figure { text-align: right; font-variant-numeric: tabular-nums }
`;
