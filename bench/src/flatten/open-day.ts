import { gzipSync } from "node:zlib";
import { queryTrino, type Stack, s3Request, scratchName, type TrinoAnswer } from "@maru/devstack";
import { tableInput } from "../../../packages/analytics/src/export/table-input.ts";
import { flatten } from "../../../packages/analytics/src/flatten/flatten.ts";
import eventColumns from "../../../packages/analytics/src/lake/event-columns.json" with { type: "json" };
import { partitionAt, partitionPath } from "../../../packages/analytics/src/lake/partition.ts";
import { createGlueTables } from "../../../packages/analytics/src/local/glue-tables.ts";
import { readCatalog } from "../../../packages/analytics/src/template/read-catalog.ts";
import { tableInputOf } from "../../../packages/analytics/src/template/table-input.ts";
import { day, roomsOfADay } from "./day-of-records.ts";
import { shippedFlattening } from "./shipped-flattening.ts";

export interface SqlEngines {
  readonly objectStore: NonNullable<Stack["objectStore"]>;
  readonly trinoUrl: string;
  readonly glueEndpoint: string;
}

export const formats = ["json", "parquet"] as const;
export type Format = (typeof formats)[number];

/** One day of rows in both formats, each a table `events` of a database of its own: the same SQL asks either. */
export interface OpenDay {
  readonly rows: number;
  readonly stored: Readonly<Record<Format, { readonly bytes: number; readonly objects: number }>>;
  /** What it took to write the Parquet. */
  readonly convertMs: number;
  query(format: Format, sql: string): Promise<TrinoAnswer>;
}

export interface DayPlan {
  readonly file: string;
  readonly rows: number;
  /** For how long Firehose buffers: an object for each such time in which something arrives. */
  readonly bufferSeconds: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const [year = "", month = "", dayOfMonth = ""] = day.split("-");
const ofTheDay = `year = '${year}' and month = '${month}' and day = '${dayOfMonth}'`;

/** Writes the day as Firehose does, and converts it as somebody would who has only SQL. */
export async function openDay(engines: SqlEngines, plan: DayPlan): Promise<OpenDay> {
  const { objectStore, glueEndpoint, trinoUrl } = engines;
  const bucket = scratchName("lake").toLowerCase().replaceAll("_", "-");
  await objectStore.createBucket(bucket);
  const databases = { json: `${bucket}-json`.replaceAll("-", "_"), parquet: `${bucket}-parquet`.replaceAll("-", "_") };
  await createGlueTables(glueEndpoint, databases.json, [tableInputOf(readCatalog(), "events", { Lake: bucket })]);
  await createGlueTables(glueEndpoint, databases.parquet, [parquetTable(bucket)]);
  const query = (format: Format, sql: string) =>
    queryTrino(trinoUrl, sql, { catalog: "lake", schema: databases[format], session: zstd, signal: plan.signal });

  await writeJson(engines, bucket, plan);
  plan.say("the day as gzip JSON is written; it is made Parquet");
  const before = performance.now();
  // A table of its own, whose files then are a partition of the other.
  await query(
    "parquet",
    `create table ${databases.parquet}.one_day
     with (format = 'PARQUET', external_location = 's3://${bucket}/${parquetFolder}year=${year}/month=${month}/day=${dayOfMonth}/')
     as select ${eventColumns.map(({ Name }) => Name).join(", ")} from ${databases.json}.events where ${ofTheDay}`,
  );
  const convertMs = performance.now() - before;
  const stored = { json: await measureFiles("json"), parquet: await measureFiles("parquet") };
  return { rows: plan.rows, stored, convertMs, query };

  async function measureFiles(format: Format) {
    const files = `select distinct "$path", "$file_size" as size from events where ${ofTheDay}`;
    const { rows } = await query(format, `select sum(size), count(*) from (${files})`);
    return { bytes: Number(rows[0]?.[0]), objects: Number(rows[0]?.[1]) };
  }
}

const zstd = { "lake.compression_codec": "ZSTD" };
const parquetFolder = "events_parquet/";

/** A partition for each day: an hour of Parquet would be too little for a file. */
function parquetTable(bucket: string) {
  const columns = eventColumns.map(({ Name, Type }) => ({ name: Name, type: Type as "string" | "bigint" | "boolean" }));
  return tableInput({ name: "events", location: `s3://${bucket}/${parquetFolder}`, columns });
}

async function writeJson(
  { objectStore }: SqlEngines,
  bucket: string,
  { file, rows, bufferSeconds, signal, say }: DayPlan,
) {
  const bufferMs = bufferSeconds * 1000;
  const flattening = { ...shippedFlattening(), cards: new Map() };
  const buffers = new Map<number, string[]>();
  let made = 0;
  for await (const room of roomsOfADay(file)) {
    signal.throwIfAborted();
    for (const { atMs, record } of room.slice(0, rows - made)) {
      const from = Math.floor(atMs / bufferMs) * bufferMs;
      const buffer = buffers.get(from);
      const line = flatten(flattening, record);
      if (buffer === undefined) buffers.set(from, [line]);
      else buffer.push(line);
    }
    made += Math.min(room.length, rows - made);
    if (made === rows) break;
  }
  say(`${rows} rows are made; they are written in ${buffers.size} objects`);
  for (const [from, lines] of buffers) {
    signal.throwIfAborted();
    const path = `/${bucket}/events/${partitionPath(partitionAt(from))}maru-lake-1-${from}.gz`;
    const response = await s3Request(objectStore, "PUT", path, gzipSync(lines.join("")));
    if (!response.ok) throw new Error(`the object store refused ${path}: ${await response.text()}`);
  }
}
