import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { queryTrino, type Stack, s3Request, startStack, TrinoQueryError } from "../src/index.ts";
import { isAlive } from "../src/processes/is-alive.ts";
import { waitUntil } from "../src/wait-until.ts";

/** The first time, Trino and the object store are fetched and built. */
const FIRST_START_MS = 900_000;
const HOUR = "lake/events/year=2026/month=02/day=03";

let stack: Stack;
const store = () => {
  if (stack.objectStore?.folder === undefined) throw new Error("the stack lacks its object store");
  return { ...stack.objectStore, folder: stack.objectStore.folder };
};
const query = (sql: string, signal = AbortSignal.timeout(50_000)) =>
  queryTrino(stack.trino?.url ?? "", sql, { catalog: "lake", schema: "maru", signal });
const zipped = (...rows: object[]) => gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

beforeAll(async () => {
  const { MARU_OBJECT_STORE_ENDPOINT: _o, MARU_TRINO_URL: _t, ...env } = process.env;
  stack = await startStack({ objectStore: true, trino: true, env, onProgress: (line) => console.error(line) });
  await store().createBucket("lake");
  await query("create schema maru");
}, FIRST_START_MS);
afterAll(() => stack?.close());

test("an object is a file and a file is an object", async () => {
  const path = "lake/notes/it's (a) name with = & + ü.txt";
  const put = await s3Request(store(), "PUT", `/${path}`, Buffer.from("put"));
  expect(put.status).toBe(200);
  expect(await readFile(join(store().folder, path), "utf8")).toBe("put");
  await writeFile(join(store().folder, "lake", "notes", "written"), "written");
  expect(await (await s3Request(store(), "GET", "/lake/notes/written")).text()).toBe("written");
});

test("a request signed with another key is refused, and a bucket may be made twice", async () => {
  const stranger = await s3Request({ ...store(), secretAccessKey: "another" }, "GET", "/lake/notes/written");
  expect(stranger.status).toBe(403);
  await store().createBucket("lake");
  await expect(store().createBucket("No Bucket")).rejects.toThrow(/refused the bucket "No Bucket" \(400\)/);
});

test("Trino reads zipped JSON by projected partitions, and a view over it", async () => {
  const first = zipped(
    { room_id: "r1", seq: 1, content: { text: "hi", n: 3 } },
    { seq: 2, room_id: "r1", content: null, more: [] },
  );
  expect((await s3Request(store(), "PUT", `/${HOUR}/hour=04/first.gz`, first)).status).toBe(200);
  await mkdir(join(store().folder, HOUR, "hour=05"), { recursive: true });
  await writeFile(join(store().folder, HOUR, "hour=05", "second.gz"), zipped({ room_id: "r2", seq: 7 }));

  await query(EVENTS_TABLE);
  const ofTheDay = "year = '2026' and month = '02' and day = '03'";
  const { columns, rows } = await query(
    `select room_id, seq, content.text, hour from events where ${ofTheDay} order by room_id, seq`,
  );
  expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "room_id varchar",
    "seq bigint",
    "text varchar",
    "hour varchar",
  ]);
  expect(rows).toEqual([
    ["r1", 1, "hi", "04"],
    ["r1", 2, null, "04"],
    ["r2", 7, null, "05"],
  ]);
  await query(`create view last_entries as select room_id, min(seq) as seq from events where ${ofTheDay} group by 1`);
  await query(
    `create or replace view last_entries as select room_id, max(seq) as seq from events where ${ofTheDay} group by 1`,
  );
  expect((await query("select * from last_entries order by room_id")).rows).toEqual([
    ["r1", 2],
    ["r2", 7],
  ]);
  await query("drop view last_entries");
});

test("a table made from a query is Parquet in the store, and can be dropped", async () => {
  await query(`create table numbers with (format = 'PARQUET', external_location = 's3://lake/numbers/')
    as select n, n / 2 as half from unnest(sequence(1, 5000)) as t (n)`);
  const { rows } = await query("select * from numbers order by n desc");
  expect(rows).toHaveLength(5000);
  expect(rows[0]).toEqual([5000, 2500]);
  expect(rows.at(-1)).toEqual([1, 0]);
  await query("drop table numbers");
  await expect(query("select * from numbers")).rejects.toMatchObject({ errorName: "TABLE_NOT_FOUND" });
});

test("a query that is not SQL is Trino's error", async () => {
  const refused = await query("selec 1").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TrinoQueryError);
  expect(refused).toMatchObject({ errorName: "SYNTAX_ERROR", message: expect.stringContaining("mismatched input") });
});

test("a query ends in Trino when its signal is given", async () => {
  const long =
    "select count(*) from unnest(sequence(1, 10000)) a (x), unnest(sequence(1, 10000)) b (y), unnest(sequence(1, 10000)) c (z)";
  const states = `select state from system.runtime.queries where query = '${long}'`;
  const abort = new AbortController();
  const cancelled = query(long, abort.signal).catch((error: unknown) => error);
  const becomes = (state: string) =>
    waitUntil(async () => (await query(states)).rows[0]?.[0] === state, {
      timeoutMs: 30_000,
      describe: () => `The query did not become ${state}.`,
    });
  await becomes("RUNNING");
  abort.abort();
  expect(await cancelled).toMatchObject({ name: "AbortError" });
  await becomes("FAILED");
});

test("a killed store comes back with its objects, and a killed Trino with its tables", {
  timeout: 240_000,
}, async () => {
  await query("create table kept (a integer)");
  await query("insert into kept values 7");
  const [storeNode, trinoNode] = [stack.objectStore?.node(), stack.trino?.node()];
  await Promise.all([storeNode?.kill(), trinoNode?.kill()]);
  await expect(s3Request(store(), "GET", "/lake")).rejects.toThrow();
  await storeNode?.start();
  await storeNode?.waitUntilHealthy();
  expect((await s3Request(store(), "HEAD", `/${HOUR}/hour=04/first.gz`)).headers.get("etag")).toMatch(
    /^"[0-9a-f]{32}"$/,
  );
  await trinoNode?.start();
  await trinoNode?.waitUntilHealthy();
  expect((await query("select * from kept")).rows).toEqual([[7]]);
});

test("both end with the stack", async () => {
  const pids = [stack.objectStore?.node().pid ?? 0, stack.trino?.node().pid ?? 0];
  expect(pids.map(isAlive)).toEqual([true, true]);
  await stack.close();
  expect(pids.map(isAlive)).toEqual([false, false]);
});

const EVENTS_TABLE = `create table events (
    room_id varchar,
    seq bigint,
    content row(text varchar, n integer),
    year varchar with (partition_projection_type = 'INTEGER', partition_projection_range = array['2026', '2036']),
    month varchar with (partition_projection_type = 'INTEGER', partition_projection_range = array['1', '12'], partition_projection_digits = 2),
    day varchar with (partition_projection_type = 'INTEGER', partition_projection_range = array['1', '31'], partition_projection_digits = 2),
    hour varchar with (partition_projection_type = 'INTEGER', partition_projection_range = array['0', '23'], partition_projection_digits = 2)
  ) with (
    format = 'OPENX_JSON',
    external_location = 's3://lake/events/',
    partitioned_by = array['year', 'month', 'day', 'hour'],
    partition_projection_enabled = true,
    partition_projection_location_template = 's3://lake/events/year=\${year}/month=\${month}/day=\${day}/hour=\${hour}/'
  )`;
