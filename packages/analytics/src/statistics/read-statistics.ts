import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStatistic, type Statistic } from "./statistic.ts";

/** All SQL files of a folder, by name. Throws StatisticFileError for one that is not good. */
export function readStatistics(folder: string): Statistic[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => parseStatistic(file.slice(0, -".sql".length), readFileSync(join(folder, file), "utf8")));
}
