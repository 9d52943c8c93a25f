import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DAY, type ExportWorld, startExportWorld } from "./export-world.ts";

let world: ExportWorld;
beforeAll(async () => {
  world = await startExportWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

test("every type reads back from Parquet as it was in PostgreSQL, at its edges too", async () => {
  await world.sql(`
    create type mood as enum ('good', 'it''s bad');
    create domain price as numeric(12,2);
    create domain fair_price as price check (value is null or value > -1e10);
    create table edges (
      n int4, b bool, i2 int2, i8 int8, f4 float4, f8 float8, amount numeric(38,10), exact numeric, money fair_price,
      t text, v varchar(20), c char(5), u uuid, j json, jb jsonb, raw bytea, e mood,
      d date, ts timestamp, tz timestamptz, tm time, iv interval, ip inet, words text[], ids uuid[], big int8[]
    );
    insert into edges values
    (1, true, -32768, -9223372036854775808, '-Infinity', 5e-324, -9999999999999999999999999999.9999999999,
     123456789012345678901234567890.123456789012345678901234567890, 12345.60,
     '', '\\N', 'ab', '0a1b2c3d-0000-4000-8000-00000000000f', '{"a": 1.10}', '{"b":[1e2]}', '\\x00ff0a22', 'it''s bad',
     '0001-01-01', '0001-01-01 00:00:00.000001', '2026-11-25 08:59:59.123456+09', '23:59:59.999999', '1 mon 2 days 03:04:05.6',
     '10.0.0.1/8', array['a,"b', null, ''], array['0a1b2c3d-0000-4000-8000-00000000000f'::uuid], array[9223372036854775807]),
    (2, false, 32767, 9223372036854775807, 'NaN', 1.7976931348623157e308, 9999999999999999999999999999.9999999999,
     'NaN', -0.01,
     E'한국어 🙂 "quoted", comma\\r\\nline\\ttab \\\\.', ' ', '', null, null, 'null', '', 'good',
     '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00', '00:00', '-1 day', '::1', '{}', null, null),
    (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
     null, null, null, null, null, null, null, null, null)`);

  const report = await world.run("edges");
  expect(report.tables).toMatchObject([{ table: "public.edges", rows: 3 }]);

  const types = await world.read(
    "public.edges",
    "describe select * exclude (year, month, day) from read_parquet($file)",
  );
  expect(types.map((row) => `${row.column_name} ${row.column_type}`)).toEqual([
    ...["n INTEGER", "b BOOLEAN", "i2 SMALLINT", "i8 BIGINT", "f4 FLOAT", "f8 DOUBLE", "amount DECIMAL(38,10)"],
    ...["exact VARCHAR", "money DECIMAL(12,2)", "t VARCHAR", "v VARCHAR", "c VARCHAR", "u VARCHAR", "j VARCHAR"],
    ...["jb VARCHAR", "raw BLOB", "e VARCHAR", "d DATE", "ts TIMESTAMP", "tz TIMESTAMP WITH TIME ZONE", "tm VARCHAR"],
    ...["iv VARCHAR", "ip VARCHAR", "words VARCHAR", "ids VARCHAR", "big VARCHAR"],
  ]);

  const columns = `n, b, i2, i8::varchar i8, f4::varchar f4, f8::varchar f8, amount::varchar amount, exact, money::varchar money, t, v, c,
    u, j, jb, hex(raw) raw, e, d::varchar d, ts::varchar ts, tz::varchar tz, tm, iv, ip, words, ids, big`;
  const rows = await world.read("public.edges", `select ${columns} from read_parquet($file) order by n`);
  const id = "0a1b2c3d-0000-4000-8000-00000000000f";
  expect(rows[0]).toEqual({
    ...{ n: 1, b: true, i2: -32768, i8: "-9223372036854775808", f4: "-inf", f8: "5e-324" },
    ...{
      amount: "-9999999999999999999999999999.9999999999",
      exact: "123456789012345678901234567890.123456789012345678901234567890",
    },
    ...{ money: "12345.60", t: "", v: "\\N", c: "ab", u: id, j: '{"a": 1.10}', jb: '{"b": [100]}', raw: "00FF0A22" },
    ...{ e: "it's bad", d: "0001-01-01", ts: "0001-01-01 00:00:00.000001", tz: "2026-11-24 23:59:59.123456+00" },
    ...{ tm: "23:59:59.999999", iv: "P1M2DT3H4M5.6S", ip: "10.0.0.1/8" },
    ...{ words: '["a,\\"b",null,""]', ids: `["${id}"]`, big: "[9223372036854775807]" },
  });
  expect(rows[1]).toEqual({
    ...{ n: 2, b: false, i2: 32767, i8: "9223372036854775807", f4: "nan", f8: "1.7976931348623157e+308" },
    ...{ amount: "9999999999999999999999999999.9999999999", exact: "NaN", money: "-0.01" },
    ...{ t: '한국어 🙂 "quoted", comma\r\nline\ttab \\.', v: " ", c: "", u: null, j: null, jb: "null", raw: "" },
    ...{ e: "good", d: "9999-12-31", ts: "9999-12-31 23:59:59.999999", tz: "9999-12-31 23:59:59.999999+00" },
    ...{ tm: "00:00:00", iv: "P-1D", ip: "::1/128", words: "[]", ids: null, big: null },
  });
  expect(Object.values(rows[2] ?? {}).filter((value) => value !== null)).toEqual([3]);
});

test("a table of one column keeps NULL, the empty text and the end-of-data mark apart", async () => {
  await world.sql("create table one (t text); insert into one values (null), (''), ('\\.'), (null), ('\\N')");
  await world.run("one");
  const rows = await world.read("public.one", "select t from read_parquet($file) order by t nulls first");
  expect(rows.map(({ t }) => t)).toEqual([null, null, "", "\\.", "\\N"]);
});

test("a table without rows gives a file without rows, with its columns", async () => {
  await world.sql("create table nobody (id int8, name text)");
  expect((await world.run("nobody")).tables[0]?.rows).toBe(0);
  expect(
    await world.read("public.nobody", "select count(*)::int n, count(name)::int m from read_parquet($file)"),
  ).toEqual([{ n: 0, m: 0 }]);
});

test("a second run of a day replaces its rows, whatever files were there, and leaves other days alone", async () => {
  await world.sql("create table again (id int4); insert into again select generate_series(1, 10)");
  await world.run("again", { day: "2026-11-24" });
  await world.run("again");
  await world.sql("delete from again where id > 4");
  await world.run("again");
  const counts =
    "select day, count(*)::int n from read_parquet($file, hive_types = {'day': varchar}) group by day order by day";
  expect(await world.read("public.again", counts)).toEqual([
    { day: "24", n: 10 },
    { day: "25", n: 4 },
  ]);
  expect(await readdir(join(world.lake, "tables/public.again/year=2026/month=11/day=25"))).toEqual(["rows.parquet"]);
});

test("all tables are as of one moment, though rows are written between their copies", async () => {
  await world.sql(`create table left_side (id int4, pad text); create table right_side (id int4);
    insert into left_side select n, repeat('x', 200) from generate_series(1, 50000) n`);
  let isWritten: Promise<unknown> | undefined;
  const tables = ["left_side", "right_side"].join(",");
  const report = await world.run(tables, {
    onProgress() {
      isWritten ??= world.sql("insert into left_side values (0, ''); insert into right_side values (0)");
    },
  });
  await isWritten;
  expect(await world.sql("select id from right_side")).toEqual([{ id: 0 }]);
  expect(report.tables.map(({ rows }) => rows)).toEqual([50_000, 0]);
});

test("views, partitioned tables and a condition are exported; a role's row policies never leave rows out in silence", async () => {
  await world.sql(`create table parts (id int4, born date) partition by range (born);
    create table parts_1 partition of parts for values from ('2026-01-01') to ('2027-01-01');
    insert into parts values (1, '2026-05-05'), (2, '2026-06-06');
    create view shown as select id as "Id", born::text as born from parts; create materialized view kept as select * from parts`);
  const report = await world.run("parts,shown,kept");
  expect(report.tables.map(({ rows }) => rows)).toEqual([2, 2, 2]);
  expect(await world.read("public.shown", "select id, born from read_parquet($file) order by id limit 1")).toEqual([
    { id: 1, born: "2026-05-05" },
  ]);
  const table = { schema: "public", table: "parts" };
  const some = await world.run("parts", { tables: [{ table, where: "id = 2 -- the second" }] });
  expect(some.tables[0]?.rows).toBe(1);

  await world.sql(`create role half_reader login; create table guarded (id int4); insert into guarded values (1);
    grant select on guarded to half_reader; alter table guarded enable row level security`);
  const postgresUrl = world.postgresUrl.replace("maru@", "half_reader@");
  await expect(world.run("guarded", { postgresUrl })).rejects.toThrow(/lets this user not read all of public.guarded/);
});

test(`the folder of a day is written as Athena's projection spells it`, async () => {
  await world.sql("create table placed (id int4)");
  const [placed] = (await world.run("placed", { day: "2026-01-02" })).tables;
  expect(placed?.file).toBe(join(world.lake, "tables/public.placed/year=2026/month=01/day=02/rows.parquet"));
  expect(DAY).toBe("2026-11-25");
});
