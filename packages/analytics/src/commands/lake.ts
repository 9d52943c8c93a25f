// npm run lake: the whole way from the rooms to the page with charts, on this machine.
import { access, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectMaru } from "@maru/client";
import { openS3Target } from "../export/open-s3-target.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { exportUsers } from "../local/export-users.ts";
import { feedConversations } from "../local/feed-conversations.ts";
import { createGlueTables } from "../local/glue-tables.ts";
import { startLakeEngines } from "../local/lake-engines.ts";
import { runtimeClient, startLakePipeline } from "../local/lake-pipeline.ts";
import { runNight } from "../local/run-night.ts";
import { showProgress } from "../local/show-progress.ts";
import { useService } from "../local/use-service.ts";
import { readDayResults } from "../report/day-results.ts";
import { reportPage } from "../report/page.ts";
import { dayAt } from "../statistics/local-day.ts";
import { readStatistics } from "../statistics/read-statistics.ts";
import { readViews } from "../views/read-views.ts";

const packageFolder = join(import.meta.dirname, "../..");
const root = join(packageFolder, "../..");
const lakeFolder = join(root, ".maru/lake");
const [bucket, database] = ["maru-lake", "maru_local"];
const regions = ["Seoul", "Busan", "Incheon", "Daegu", "Jeju"];

const help = `usage: npm run lake -- [options]

The lake on this machine: sends real conversations through a running "npm start" (or a server of its own), brings every
change of every room to an object store by way of the packaged Lambda function in AWS's runtime client and a Firehose of
our own, exports a table of PostgreSQL beside it, runs the nightly workflow's own file over Trino, and makes the page with
charts. What it leaves is in .maru/lake: the bucket with its objects as files, and the page.

  --file F       conversations as JSON lines, gzipped (default: 20 rooms that come with the demo)
  --rooms N      only the first N rooms
  --stay         leaves Trino and the object store running until Ctrl-C, and says how to ask them
  --help

Needs, beside what "npm start" needs: Go (once, for the object store), PostgreSQL, and "npm run tools". The last line is JSON.
`;

const { values } = parseArgs({
  options: {
    file: { type: "string", default: join(root, "examples/demo/data/irc-20-rooms.ndjson.gz") },
    rooms: { type: "string", default: "1000000" },
    stay: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  await requireTools();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped by Ctrl-C")));
  const { signal } = stop;
  await rm(lakeFolder, { recursive: true, force: true });
  await using service = await useService(say);
  await using engines = await startLakeEngines({ folder: lakeFolder, bucket, database, say });
  const { files, query } = engines;
  await using pipeline = await startLakePipeline(engines, {
    ...{ dynamodbEndpoint: service.dynamodbEndpoint, tableName: "maru", controlTable: "maru_control" },
    ...{ folder: lakeFolder, bucket, say },
  });
  await using maru = connectMaru({ address: service.grpcAddress, token: service.token });

  let progress: ReturnType<typeof showProgress> | undefined;
  const fed = await feedConversations({
    ...{ maru, file: values.file, maxRooms: Number(values.rooms), parallel: 16, signal },
    onProgress(messages, total) {
      progress ??= showProgress("messages", total);
      progress.update(messages);
    },
  }).finally(() => progress?.end());
  say("waiting until all of it is in the lake …");
  await pipeline.settle();

  const timeZone = "Asia/Seoul";
  const day = dayAt(Date.now(), timeZone);
  say("exporting the users from PostgreSQL …");
  const regionOf = new Map(fed.userIds.map((userId, n) => [userId, regions[n % regions.length] ?? ""]));
  await using target = await openS3Target({ bucket, prefix: "", ...engines.s3 }, signal);
  const users = await exportUsers({ postgresUrl: engines.postgresUrl, target, bucket, day, regionOf, signal });
  await createGlueTables(engines.glueEndpoint, database, [users]);
  for (const { sql } of readViews()) await query(sql);

  say(`counting ${day}, as the workflow does at night …`);
  await runNight({ files, bucket, database, timeZone, query, input: { day }, onAlarm: say });
  const page = join(lakeFolder, `report-${day}.html`);
  await writeFile(page, reportPage(day, timeZone, await reported(files, day)));
  const counted = (await query("select count(*) from messages")).rows[0]?.[0];
  process.stdout.write(nextSteps(page, engines.trinoUrl));
  process.stdout.write(
    `${JSON.stringify({ rooms: fed.roomIds.length, sent: fed.messages, messages: counted, day, page })}\n`,
  );
  if (values.stay) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function requireTools(): Promise<void> {
  for (const file of [runtimeClient, join(packageFolder, "dist/flatten/index.mjs")]) {
    await access(file).catch(() => {
      const command = file === runtimeClient ? "npm run tools" : "npm run bundle-analytics";
      throw new Error(`${file.slice(root.length + 1)} is missing: \`${command}\` makes it.`);
    });
  }
}

function reported(files: LakeFiles, day: string) {
  return Promise.all(
    readStatistics(join(packageFolder, "sql/statistics")).map(async (statistic) => ({
      statistic,
      results: await readDayResults(files, statistic.name, { day, dayCount: 14 }),
    })),
  );
}

function nextSteps(page: string, trinoUrl: string): string {
  const asking = `
Ask the lake, while it runs (Ctrl-C ends it):

    curl -s -H "X-Trino-User: you" -H "X-Trino-Catalog: lake" -H "X-Trino-Schema: ${database}" \\
      -d "select * from messages limit 5" ${trinoUrl}/v1/statement
`;
  return `
The page:    ${page}
The bucket:  ${join(lakeFolder, "object-store/data", bucket)}
${values.stay ? asking : ""}
`;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
