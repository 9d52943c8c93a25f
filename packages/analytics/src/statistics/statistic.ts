import type { StatisticWindow } from "./statistic-window.ts";

/** A SQL file of sql/statistics. */
export interface Statistic {
  /** The file's name without `.sql`. */
  readonly name: string;
  /** What its numbers say: its first line. */
  readonly sentence: string;
  readonly sql: string;
}

/** The file cannot be used; the message says why. */
export class StatisticFileError extends Error {
  override readonly name = "StatisticFileError";
}

export function parseStatistic(name: string, text: string): Statistic {
  const [, sentence, sql = ""] = /^-- (.+\.)\n([\s\S]+)$/.exec(text) ?? [];
  if (sentence === undefined)
    throw new StatisticFileError(`${name}.sql must begin with a sentence: -- What it counts.`);
  requireBoundPartitions(name, sql);
  return { name, sentence, sql: sql.trim() };
}

const bound = /where year in \(\{\{\w+\}\}\) and month in \(\{\{\w+\}\}\) and day in \(\{\{\w+\}\}\)/g;

/** Without them a query looks through every hour of many years. */
function requireBoundPartitions(name: string, sql: string): void {
  const readsOfTables = sql.match(/\bfrom\s+(events|events_all|messages|rooms|members|cards_\w+|public_\w+)\b/g) ?? [];
  const bindings = sql.match(bound) ?? [];
  if (readsOfTables.length === 0 || readsOfTables.length !== bindings.length)
    throw new StatisticFileError(
      `${name}.sql reads ${readsOfTables.length} tables and binds ${bindings.length}: behind each must stand ` +
        "where year in ({{years}}) and month in ({{months}}) and day in ({{days}})",
    );
}

/** The query of a statistic for one day. Throws StatisticFileError for a name that no window has. */
export function renderStatistic({ name, sql }: Statistic, window: StatisticWindow): string {
  return sql.replaceAll(/\{\{(\w+)\}\}/g, (_, binding: string) => {
    const value = window[binding];
    if (value === undefined) throw new StatisticFileError(`${name}.sql asks for {{${binding}}}, which there is not`);
    return value;
  });
}
