import type { LakeFiles } from "../lake/lake-files.ts";
import { addDays, type Day } from "../statistics/local-day.ts";
import { resultKey } from "../statistics/plan-night.ts";
import { parseResult, type ResultRow } from "./parse-result.ts";

export interface DayResult {
  readonly day: Day;
  readonly rows: readonly ResultRow[];
}

/** The results of a statistic of a day and of those before it, oldest first, as far as there are any. */
export async function readDayResults(
  files: Pick<LakeFiles, "read">,
  name: string,
  { day, dayCount }: { readonly day: Day; readonly dayCount: number },
): Promise<DayResult[]> {
  const days = Array.from({ length: dayCount }, (_, at) => addDays(day, at + 1 - dayCount));
  const results = await Promise.all(
    days.map(async (one) => {
      const bytes = await files.read(resultKey(name, one));
      return bytes && { day: one, rows: parseResult(Buffer.from(bytes).toString("utf8")) };
    }),
  );
  return results.filter((result) => result !== undefined);
}
