/**
 * A prefix of Firehose with its expressions filled in: `!{timestamp:yyyy}` and its like (UTC, of arrival) and
 * `!{firehose:random-string}`. Throws RangeError for an expression that is not known here.
 */
export function expandPrefix(prefix: string, arrivedAtMs: number, random: () => string): string {
  return prefix.replaceAll(/!\{([A-Za-z]+):([^}]+)\}/g, (expression, namespace: string, argument: string) => {
    if (namespace === "timestamp") return formatTime(argument, arrivedAtMs);
    if (namespace === "firehose" && argument === "random-string") return random();
    throw new RangeError(`${expression} is not known to this Firehose`);
  });
}

function formatTime(pattern: string, ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  const [hour = "", minute = "", second = ""] = time.slice(0, 8).split(":");
  const parts: Record<string, string> = { yyyy: year, MM: month, dd: day, HH: hour, mm: minute, ss: second };
  const text = pattern.replaceAll(/[A-Za-z]+/g, (letters) => {
    const part = parts[letters];
    if (part === undefined) throw new RangeError(`${letters} in !{timestamp:${pattern}} is not known to this Firehose`);
    return part;
  });
  return text;
}
