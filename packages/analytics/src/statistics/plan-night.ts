import { addDays, type Day, dayAt, isDay } from "./local-day.ts";
import { renderStatistic, type Statistic } from "./statistic.ts";
import { statisticWindow } from "./statistic-window.ts";

/** What starts the workflow: the schedule with its time, or somebody with a day. */
export interface NightInput {
  /** The day before the one in which this moment is. */
  readonly time?: string;
  readonly day?: string;
  /** How many days after its end a row of the day may have arrived. Default 1. */
  readonly lateDays?: number;
}

export interface PlannedStatistic {
  readonly name: string;
  readonly query: string;
  /** Where its result goes, whatever run it is of: a rerun replaces what is there. */
  readonly resultKey: string;
}

export interface NightPlan {
  readonly day: Day;
  readonly statistics: readonly PlannedStatistic[];
}

/** The workflow was started with something that is no time or day. */
export class NightInputError extends Error {
  override readonly name = "NightInputError";
}

const maxLateDays = 60;

/** What is to be counted, for which day, and where the numbers go. */
export function planNight(statistics: readonly Statistic[], timeZone: string, input: NightInput): NightPlan {
  const { lateDays = 1 } = input;
  if (!Number.isInteger(lateDays) || lateDays < 0 || lateDays > maxLateDays)
    throw new NightInputError(`lateDays must be a whole number from 0 to ${maxLateDays}, not ${lateDays}`);
  const day = dayOf(input, timeZone);
  const window = statisticWindow({ day, timeZone, lateDays });
  return {
    day,
    statistics: statistics.map((statistic) => ({
      name: statistic.name,
      query: renderStatistic(statistic, window),
      resultKey: resultKey(statistic.name, day),
    })),
  };
}

/** `statistics/messages/year=2026/month=11/day=25/result.csv` */
export function resultKey(name: string, day: Day): string {
  const [year, month, dayOfMonth] = day.split("-");
  return `statistics/${name}/year=${year}/month=${month}/day=${dayOfMonth}/result.csv`;
}

function dayOf({ time, day }: NightInput, timeZone: string): Day {
  if (day !== undefined) {
    if (isDay(day)) return day;
    throw new NightInputError(`day must be like 2026-11-25, not ${JSON.stringify(day)}`);
  }
  const ms = Date.parse(time ?? "");
  if (Number.isNaN(ms))
    throw new NightInputError(`time must be like 2026-11-25T15:00:00Z, not ${JSON.stringify(time)}`);
  return addDays(dayAt(ms, timeZone), -1);
}
