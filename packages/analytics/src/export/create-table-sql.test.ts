import { expect, test } from "vitest";
import { createTableSql } from "./create-table-sql.ts";
import { tableInput } from "./table-input.ts";

const table = {
  name: "maru.public_listings",
  location: "s3://lake/tables/public.listings",
  columns: [
    { name: "id", type: "int" },
    { name: "price", type: "decimal(12,2)" },
    { name: "at", type: "timestamptz" },
  ],
  years: [2026, 2036],
} as const;
const template = "s3://lake/tables/public.listings/year=$" + "{year}/month=$" + "{month}/day=$" + "{day}/";

test("Athena gets an external table with projection and a location template", () => {
  const sql = createTableSql(table, "athena");
  expect(sql).toContain(
    "CREATE EXTERNAL TABLE maru.public_listings (\n  `id` int,\n  `price` decimal(12,2),\n  `at` timestamp\n)",
  );
  expect(sql).toContain("PARTITIONED BY (`year` string, `month` string, `day` string)\nSTORED AS PARQUET");
  expect(sql).toContain(`'storage.location.template' = '${template}'`);
  expect(sql).toContain("'projection.year.range' = '2026,2036'");
});

test("Trino gets its own spelling of the same table", () => {
  const sql = createTableSql(table, "trino");
  expect(sql).toContain('"id" integer,\n  "price" decimal(12,2),\n  "at" timestamp(3)');
  expect(sql).toContain(`partition_projection_location_template = '${template}'`);
});

test("Glue's TableInput has the columns, the keys and the template", () => {
  const { StorageDescriptor, PartitionKeys, Parameters } = tableInput(table);
  expect(StorageDescriptor.Columns.map(({ Type }) => Type)).toEqual(["int", "decimal(12,2)", "timestamp"]);
  expect(StorageDescriptor.Location).toBe("s3://lake/tables/public.listings/");
  expect(PartitionKeys.map(({ Name }) => Name)).toEqual(["year", "month", "day"]);
  expect(Parameters).toMatchObject({ "storage.location.template": template, "projection.day.digits": "2" });
});
