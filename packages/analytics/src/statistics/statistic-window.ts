import { addDays, type Day, startOfDayMs } from "./local-day.ts";

export interface WindowOptions {
  readonly day: Day;
  readonly timeZone: string;
  /** How many days after its end a row of the day may have arrived. */
  readonly lateDays: number;
}

/** What the SQL files bind: `{{name}}` becomes the value. Lists are texts in quotes with commas between them. */
export type StatisticWindow = Readonly<Record<string, string>>;

/**
 * The day's bounds as moments, and the partitions in which its rows lie: the lake is in order of arrival by UTC, so a day
 * of Seoul lies in two days of UTC, and what came late in later ones.
 */
export function statisticWindow({ day, timeZone, lateDays }: WindowOptions): StatisticWindow {
  const [from, until] = [startOfDayMs(day, timeZone), startOfDayMs(addDays(day, 1), timeZone)];
  const weekFrom = startOfDayMs(addDays(day, -7), timeZone);
  const arrivedUntil = until + lateDays * 86_400_000;
  const [year = "", month = "", dayOfMonth = ""] = day.split("-");
  return {
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    until_next: new Date(startOfDayMs(addDays(day, 2), timeZone)).toISOString(),
    week_from: new Date(weekFrom).toISOString(),
    ...prefixed("", partitionLists(from, arrivedUntil)),
    ...prefixed("week_", partitionLists(weekFrom, arrivedUntil)),
    table_year: quoted([year]),
    table_month: quoted([month]),
    table_day: quoted([dayOfMonth]),
  };
}

/** More than the days between: what is asked for by year, by month and by day of the month is each list on its own. */
function partitionLists(fromMs: number, untilMs: number): Record<"years" | "months" | "days", string> {
  const days: string[] = [];
  for (let day = dayOf(fromMs); day <= dayOf(untilMs); day = addDays(day, 1)) days.push(day);
  const part = (from: number, to: number): string =>
    quoted([...new Set(days.map((day) => day.slice(from, to)))].sort());
  return { years: part(0, 4), months: part(5, 7), days: part(8, 10) };
}

function dayOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10);
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => `'${text}'`).join(", ");
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}
