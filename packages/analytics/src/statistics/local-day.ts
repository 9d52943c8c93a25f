/** A day as people of a time zone count it: `2026-11-25`. */
export type Day = string;

export function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** The day that it is there at a moment. Throws RangeError for a time zone that is not known. */
export function dayAt(ms: number, timeZone: string): Day {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(ms);
}

export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

/** The moment at which a day begins there: a day may have 23 or 25 hours, and may begin at one o'clock. */
export function startOfDayMs(day: Day, timeZone: string): number {
  const utc = Date.parse(`${day}T00:00:00Z`);
  let before = utc - 16 * 3_600_000;
  let within = utc + 16 * 3_600_000;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (dayAt(middle, timeZone) < day) before = middle;
    else within = middle;
  }
  return within;
}
