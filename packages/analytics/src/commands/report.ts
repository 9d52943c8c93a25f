// npm run report: one page with charts of what the nightly run counted.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openLake } from "../lake/open-lake.ts";
import { readDayResults } from "../report/day-results.ts";
import { reportPage } from "../report/page.ts";
import { isDay } from "../statistics/local-day.ts";
import { readStatistics } from "../statistics/read-statistics.ts";

const packageFolder = join(import.meta.dirname, "../..");
const defaultLake = join(packageFolder, "../../.maru/lake/object-store/data/maru-lake");

const help = `usage: npm run report -- --day 2026-11-25 [options]

Makes one HTML page with charts of a day's statistics, and of the days before it, from the results of the nightly run.

  --day D        the day, as people of the time zone count it
  --lake L       s3://bucket, or a folder (default: what "npm run lake" left in .maru/lake)
  --days N       how many days the lines go back (default 14)
  --time-zone Z  as shown on the page (default Asia/Seoul)
  --out F        default report-<day>.html
  --help

S3 is found as AWS documents it: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_S3 and so on.
`;

const { values } = parseArgs({
  options: {
    day: { type: "string" },
    lake: { type: "string", default: defaultLake },
    days: { type: "string", default: "14" },
    "time-zone": { type: "string", default: "Asia/Seoul" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const { day, days } = values;
  if (day === undefined || !isDay(day)) throw new Error("--day must name a day, like --day 2026-11-25");
  if (!(Number(days) >= 1 && Number(days) <= 366)) throw new Error(`--days must be 1 to 366, not ${days}`);
  const files = openLake(values.lake);
  const statistics = await Promise.all(
    readStatistics(join(packageFolder, "sql/statistics")).map(async (statistic) => ({
      statistic,
      results: await readDayResults(files, statistic.name, { day, dayCount: Number(days) }),
    })),
  );
  const found = statistics.filter(({ results }) => results.some((result) => result.day === day));
  if (found.length === 0)
    throw new Error(`${values.lake} has no results of ${day}: run the workflow for that day first`);
  const out = resolve(values.out ?? `report-${day}.html`);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, reportPage(day, values["time-zone"], statistics));
  process.stdout.write(`${out}: ${found.length} of ${statistics.length} statistics\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
