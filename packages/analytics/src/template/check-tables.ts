import type { DeliveryProperties } from "./check-delivery.ts";
import { type TableInput, tableInputOf } from "./table-input.ts";
import { resourcesOf, type Template } from "./template.ts";

/**
 * Tables with partition projection: what they lack, queries tell by finding nothing. A table without partitions has all
 * that lies below its place.
 */
export function checkTables(template: Template): string[] {
  const tables = resourcesOf<{ TableInput: { Name: string } }>(template, "AWS::Glue::Table");
  return tables.flatMap(([name, { TableInput }]) =>
    problemsOf(template, TableInput.Name).map((problem) => `${name}: ${problem}`),
  );
}

function problemsOf(template: Template, table: string): string[] {
  const input = tableInputOf(template, table, { Lake: "lake" });
  const keys = input.PartitionKeys.map((key) => key.Name);
  return [...problemsOfColumns(input), ...(keys.length === 0 ? [] : problemsOfProjection(template, input, keys))];
}

function problemsOfColumns(input: TableInput): string[] {
  const problems: string[] = [];
  if (input.StorageDescriptor.NumberOfBuckets !== -1) problems.push("NumberOfBuckets must be -1: Trino asks for it");
  const named = [...input.PartitionKeys, ...input.StorageDescriptor.Columns].map((column) => column.Name);
  const twice = named.filter((column, index) => named.indexOf(column) !== index);
  if (twice.length > 0) problems.push(`columns that are there twice: ${twice.join(", ")}`);
  return problems;
}

function problemsOfProjection(template: Template, input: TableInput, keys: readonly string[]): string[] {
  const problems: string[] = [];
  if (input.Parameters["projection.enabled"] !== "true") problems.push("projection.enabled must be 'true'");
  for (const key of keys)
    if (input.Parameters[`projection.${key}.type`] === undefined) problems.push(`${key} has no projection type`);
  for (const parameter of Object.keys(input.Parameters)) {
    const key = /^projection\.(\w+)\.\w+$/.exec(parameter)?.[1];
    if (key !== undefined && !keys.includes(key)) problems.push(`${parameter} is of no partition key`);
  }
  const { Location } = input.StorageDescriptor;
  const wanted = `${Location}${keys.map((key) => `${key}=\${${key}}/`).join("")}`;
  const given = input.Parameters["storage.location.template"];
  if (given !== wanted) problems.push(`storage.location.template must be ${wanted}; it is ${given ?? "not there"}`);
  const place = Location.replace("s3://lake/", "");
  if (keysOfDelivery(template, place)?.join() !== keys.join())
    problems.push(`no delivery stream writes ${place}${keys.map((key) => `${key}=…/`).join("")}`);
  return problems;
}

/** The partition keys that the delivery stream to this place writes. */
function keysOfDelivery(template: Template, place: string): string[] | undefined {
  const streams = resourcesOf<DeliveryProperties>(template, "AWS::KinesisFirehose::DeliveryStream");
  const prefixes = streams.map(([, properties]) => properties.ExtendedS3DestinationConfiguration.Prefix ?? "");
  const prefix = prefixes.find((one) => one.startsWith(place));
  return prefix?.slice(place.length).match(/\w+(?==!\{)/g) ?? undefined;
}
