import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CopyFailedError,
  ExportOptionsError,
  OutOfRangeError,
  PostgresUnreachableError,
  RowTooLongError,
  TablePermissionError,
  UnknownTableError,
  UnsupportedColumnError,
} from "../src/export/errors.ts";
import { type ExportWorld, startExportWorld } from "./export-world.ts";

let world: ExportWorld;
beforeAll(async () => {
  world = await startExportWorld();
  await world.sql("create table fine (id int4); insert into fine values (1)");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

/** The error of an export, which must leave nothing in the lake: not even of the table that could be written. */
async function refusal(tables: string, options: Parameters<ExportWorld["run"]>[1] = {}): Promise<unknown> {
  const error = await world.run(tables, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(await readdir(world.lake)).toEqual([]);
  return error;
}

test("an unknown table, a missing permission and a database that is not there are told apart", async () => {
  expect(await refusal("fine,fin")).toBeInstanceOf(UnknownTableError);
  await world.sql("create role stranger login");
  const postgresUrl = world.postgresUrl.replace("maru@", "stranger@");
  const denied = await refusal("fine", { postgresUrl });
  expect(denied).toBeInstanceOf(TablePermissionError);
  expect(String(denied)).toContain('GRANT SELECT ON "public"."fine" TO "stranger"');
  expect(await refusal("fine", { postgresUrl: "postgres://maru@127.0.0.1:1/postgres" })).toBeInstanceOf(
    PostgresUnreachableError,
  );
  expect(await refusal("fine,fine")).toBeInstanceOf(ExportOptionsError);
  expect(await refusal("fine", { day: "2026-02-30" })).toBeInstanceOf(ExportOptionsError);
});

test("columns without a place in the lake are all named, with their types", async () => {
  await world.sql(`create table shapes (id int4, at point, span int4range, "Year" int4, "a-b" text, "A" int4, a int4);
    create table bare ()`);
  const error = await refusal("fine,shapes");
  expect(error).toBeInstanceOf(UnsupportedColumnError);
  expect(String(error)).toContain("at is of type point; span is of type int4range; Year is named as a folder");
  expect((error as UnsupportedColumnError).columns).toEqual(["at", "span", "Year", "a-b", "a"]);
  expect(await refusal("bare")).toBeInstanceOf(UnsupportedColumnError);
});

test("infinity, NaN in a decimal and years that not everybody reads are refused, or NULL where that is asked for", async () => {
  await world.sql(`create table far (id int4, d date, ts timestamp, until timestamptz, price numeric(10,2));
    insert into far values (1, '2026-01-01', '2026-01-01', 'infinity', 1)`);
  const cases = [
    ["until", "infinity", "update far set until = 'infinity'"],
    ["until", "10000-01-01 00:00:00", "update far set until = '10000-01-01 00:00:00+00'"],
    ["ts", "-infinity", "update far set until = null, ts = '-infinity'"],
    ["d", "0044-03-15 BC", "update far set ts = null, d = '0044-03-15 BC'"],
    ["price", "NaN", "update far set d = null, price = 'NaN'"],
  ] as const;
  for (const [column, value, change] of cases) {
    await world.sql(change);
    const error = await refusal("fine,far");
    expect(error).toBeInstanceOf(OutOfRangeError);
    expect(String(error)).toContain(`public.far.${column} holds ${value},`);
  }
  await world.sql("update far set d = 'infinity', ts = 'infinity', until = '-infinity'");
  await using lake = await startExportLake();
  await lake.run("far", { outOfRange: "null" });
  expect(await lake.read("public.far", "select id, d, ts, until, price from read_parquet($file)")).toEqual([
    { id: 1, d: null, ts: null, until: null, price: null },
  ]);
});

test("a row that is too long, and a query that PostgreSQL ends, are sentences without anybody's words", async () => {
  await world.sql(
    "create table long (id int4, t text); insert into long values (1, 'secret' || repeat('x', 17000000))",
  );
  const long = await refusal("fine,long");
  expect(long).toBeInstanceOf(RowTooLongError);
  expect(String(long)).not.toContain("secret");
  const table = { schema: "public", table: "fine" };
  expect(await refusal("fine", { tables: [{ table, where: "1 / (id - 1) = 0" }] })).toBeInstanceOf(CopyFailedError);
});

test("a lost connection and a stop in the middle end the export at once", async () => {
  await world.sql(
    "create table much (id int4, t text); insert into much select n, repeat('x', 500) from generate_series(1, 100000) n",
  );
  let isCut = false;
  const lost = await refusal("much", {
    onProgress() {
      if (isCut) return;
      isCut = true;
      void world.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'maru export-tables'",
      );
    },
  });
  expect(lost).toBeInstanceOf(CopyFailedError);
  const stop = new AbortController();
  const stopped = await refusal("fine,much", {
    signal: stop.signal,
    onProgress: (table) => table.table === "much" && stop.abort(new Error("enough")),
  });
  expect(String(stopped)).toBe("Error: enough");
  // Both sessions are gone: nothing holds the tables.
  await expect
    .poll(() => world.sql("select 1 from pg_stat_activity where application_name = 'maru export-tables'"), {
      timeout: 10_000,
    })
    .toEqual([]);
});

/** The same database, where a success leaves something in the lake. */
async function startExportLake(): Promise<ExportWorld> {
  return {
    ...world,
    [Symbol.asyncDispose]: async () =>
      (await import("node:fs/promises")).rm(`${world.lake}/tables`, { recursive: true }),
  };
}
