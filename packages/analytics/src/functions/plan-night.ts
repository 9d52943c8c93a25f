import { join } from "node:path";
import { readEnvironment, taskFolder } from "../lambda/environment.ts";
import { type NightInput, type NightPlan, planNight } from "../statistics/plan-night.ts";
import { readStatistics } from "../statistics/read-statistics.ts";

const { MARU_LAKE_TIME_ZONE: timeZone } = readEnvironment({ MARU_LAKE_TIME_ZONE: undefined });
const statistics = readStatistics(join(taskFolder(join(import.meta.dirname, "../..")), "sql/statistics"));

/** The workflow's first step. */
export const handler = async (input: NightInput): Promise<NightPlan> => planNight(statistics, timeZone, input);
