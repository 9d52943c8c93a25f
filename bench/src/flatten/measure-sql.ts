import { join } from "node:path";
import { startStack } from "@maru/devstack";
import { serveGlue } from "../../../packages/analytics/src/local/serve-glue.ts";
import { planNight } from "../../../packages/analytics/src/statistics/plan-night.ts";
import { readStatistics } from "../../../packages/analytics/src/statistics/read-statistics.ts";
import { median } from "../measure/quantile.ts";
import { day } from "./day-of-records.ts";
import { type DayPlan, type Format, formats, type OpenDay, openDay } from "./open-day.ts";

export interface SqlPlan extends DayPlan {
  /** How often each query is asked of each format. */
  readonly rounds: number;
}

export interface QuerySide {
  readonly median_ms: number;
  readonly rounds_ms: readonly number[];
  /** What Athena bills: the bytes that were read of the files. */
  readonly read_bytes: number;
}

export interface QueryFigures extends Readonly<Record<Format, QuerySide>> {
  readonly query: string;
  /** JSON's time over Parquet's. */
  readonly ratio: number;
}

export interface SqlFigures {
  readonly rows: number;
  readonly json: { readonly bytes: number; readonly objects: number };
  readonly parquet: { readonly bytes: number; readonly objects: number };
  readonly convert_ms: number;
  /** JSON's bytes over Parquet's. */
  readonly bytes_ratio: number;
  /** The median over the queries of JSON's time over Parquet's. */
  readonly time_ratio: number;
  /** The same of the bytes that were read. */
  readonly read_ratio: number;
  readonly queries: readonly QueryFigures[];
}

/** One day of rows in Trino, as Firehose writes it and as Parquet, asked the same. */
export async function measureSql(plan: SqlPlan): Promise<SqlFigures> {
  await using glue = await serveGlue();
  await using stack = await startStack({
    objectStore: true,
    trino: { glueEndpoint: glue.endpoint },
    onProgress: plan.say,
  });
  const { objectStore, trino } = stack;
  if (objectStore === undefined || trino === undefined) throw new Error("the stack lacks an engine that was asked for");
  const opened = await openDay({ objectStore, trinoUrl: trino.url, glueEndpoint: glue.endpoint }, plan);
  const queries = await askInTurn(opened, await questions(opened), plan);
  const { json, parquet } = opened.stored;
  return {
    ...{ rows: plan.rows, json, parquet, convert_ms: opened.convertMs },
    bytes_ratio: json.bytes / parquet.bytes,
    time_ratio: median(queries.map(({ ratio }) => ratio)),
    read_ratio: median(queries.map((one) => one.json.read_bytes / one.parquet.read_bytes)),
    queries,
  };
}

const asked = ["messages", "active_users", "first_answer"];
const folder = join(import.meta.dirname, "../../../packages/analytics/sql/statistics");

/** Some of the night's statistics as they are, and what somebody asks who looks into one room. */
async function questions(opened: OpenDay): Promise<Record<string, string>> {
  const statistics = readStatistics(folder).filter(({ name }) => asked.includes(name));
  const planned = planNight(statistics, "UTC", { day }).statistics.map(({ name, query }) => [name, query] as const);
  const [year, month, dayOfMonth] = day.split("-");
  const where = `year = '${year}' and month = '${month}' and day = '${dayOfMonth}'`;
  const { rows } = await opened.query("json", `select min(room_id) from events where ${where}`);
  const oneRoom = `select seq, created_at, json_extract_scalar(body, '$.content.text.text') as text
from events
where ${where} and operation = 'INSERT' and type = 'message_sent' and room_id = '${rows[0]?.[0]}'
order by seq`;
  return { ...Object.fromEntries(planned), "one room": oneRoom };
}

interface Asked {
  readonly ms: Record<Format, number[]>;
  readonly readBytes: Record<Format, number>;
}

/** Round by round, as a JVM is slow at first; the first round does not count. Throws when the formats do not say the same. */
async function askInTurn(
  opened: OpenDay,
  questions: Readonly<Record<string, string>>,
  { rounds, say }: SqlPlan,
): Promise<QueryFigures[]> {
  const asked = new Map<string, Asked>(
    Object.keys(questions).map((name) => [name, { ms: { json: [], parquet: [] }, readBytes: { json: 0, parquet: 0 } }]),
  );
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? "the queries are asked to warm up" : `the queries are asked: round ${round} of ${rounds}`);
    for (const [name, { ms, readBytes }] of asked) {
      const sql = questions[name] ?? "";
      const answers: Partial<Record<Format, string>> = {};
      for (const format of formats) {
        const before = performance.now();
        const answer = await opened.query(format, sql);
        if (round > 0) ms[format].push(performance.now() - before);
        readBytes[format] = answer.readBytes;
        answers[format] = JSON.stringify(answer.rows);
      }
      if (answers.json !== answers.parquet) throw new Error(`the formats do not give the same for:\n${sql}`);
    }
  }
  return [...asked].map(([query, one]) => toFigures(query, one));
}

function toFigures(query: string, { ms, readBytes }: Asked): QueryFigures {
  const side = (format: Format): QuerySide => ({
    median_ms: median(ms[format]),
    rounds_ms: ms[format],
    read_bytes: readBytes[format],
  });
  const [json, parquet] = [side("json"), side("parquet")];
  return { query, json, parquet, ratio: json.median_ms / parquet.median_ms };
}
