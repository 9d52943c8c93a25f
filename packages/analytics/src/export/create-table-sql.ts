import type { LakeColumn } from "./columns-of.ts";
import { toHiveType, toTrinoType } from "./lake-type.ts";

/** A table over exported files, in the words of Trino or of Athena. */
export interface LakeTable {
  /** What it is called, with its database or schema where one is wanted: `maru.public_listings`. */
  readonly name: string;
  /** Where the exporter wrote it: `s3://lake/tables/public.listings/`. */
  readonly location: string;
  readonly columns: readonly Pick<LakeColumn, "name" | "type">[];
  /** First and last year that a query may ask for. */
  readonly years?: readonly [number, number];
}

/** The years of a {@link LakeTable} that names none. */
export const DEFAULT_YEARS: readonly [number, number] = [2020, 2040];

/** The statement that makes a table of exported files known to Trino, or to Athena. */
export function createTableSql(table: LakeTable, dialect: "trino" | "athena"): string {
  return dialect === "trino" ? trinoSql(table) : athenaSql(table);
}

/** Where the rows of a day are, as projection writes it. Without it Trino 435 finds no rows, and says nothing. */
export function locationTemplate(location: string): string {
  return `${withSlash(location)}year=\${year}/month=\${month}/day=\${day}/`;
}

/** The same folder, ending in a slash. */
export function withSlash(location: string): string {
  return location.endsWith("/") ? location : `${location}/`;
}

function trinoSql({ name, location, columns, years = DEFAULT_YEARS }: LakeTable): string {
  const lines = [
    ...columns.map((column) => `  "${column.name}" ${toTrinoType(column.type)}`),
    projected("year", years, 4),
    projected("month", [1, 12], 2),
    projected("day", [1, 31], 2),
  ];
  const properties = [
    "format = 'PARQUET'",
    `external_location = ${literal(withSlash(location))}`,
    "partitioned_by = ARRAY['year', 'month', 'day']",
    "partition_projection_enabled = true",
    `partition_projection_location_template = ${literal(locationTemplate(location))}`,
  ];
  return `CREATE TABLE ${name} (\n${lines.join(",\n")}\n)\nWITH (\n  ${properties.join(",\n  ")}\n)`;
}

function projected(key: string, [first, last]: readonly [number, number], digits: number): string {
  const range = `ARRAY['${first}', '${last}']`;
  return (
    `  ${key} varchar WITH (partition_projection_type = 'INTEGER', partition_projection_range = ${range}, ` +
    `partition_projection_digits = ${digits})`
  );
}

function athenaSql({ name, location, columns, years = DEFAULT_YEARS }: LakeTable): string {
  const lines = columns.map((column) => `  \`${column.name}\` ${toHiveType(column.type)}`);
  const properties = Object.entries(projectionParameters(location, years)).map(
    ([key, value]) => `  '${key}' = '${value}'`,
  );
  return [
    `CREATE EXTERNAL TABLE ${name} (\n${lines.join(",\n")}\n)`,
    "PARTITIONED BY (`year` string, `month` string, `day` string)",
    "STORED AS PARQUET",
    `LOCATION ${literal(withSlash(location))}`,
    `TBLPROPERTIES (\n${properties.join(",\n")}\n)`,
  ].join("\n");
}

/** Athena's parameters of a table whose folders are days. */
export function projectionParameters(location: string, years = DEFAULT_YEARS): Record<string, string> {
  return {
    "projection.enabled": "true",
    "projection.year.type": "integer",
    "projection.year.range": years.join(","),
    "projection.month.type": "integer",
    "projection.month.range": "1,12",
    "projection.month.digits": "2",
    "projection.day.type": "integer",
    "projection.day.range": "1,31",
    "projection.day.digits": "2",
    "storage.location.template": locationTemplate(location),
  };
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
