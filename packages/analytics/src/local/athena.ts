import { randomUUID } from "node:crypto";
import { stringify } from "csv-stringify/sync";
import type { LakeFiles } from "../lake/lake-files.ts";

export interface AthenaDeps {
  /** Runs a query and gives its columns and rows. */
  readonly query: (
    sql: string,
  ) => Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] }>;
  readonly files: Pick<LakeFiles, "write">;
  readonly bucket: string;
}

/** What the workflow says to `athena:startQueryExecution.sync`, as far as it says it. */
export interface StartQueryExecution {
  readonly QueryString: string;
  readonly ResultConfiguration: { readonly OutputLocation: string };
}

/**
 * Runs a query as Athena does: the result becomes an object `<id>.csv` at the output location, every value in quotes and
 * NULL as nothing, and the answer has the same shape. Rejects when the query fails, which fails the step.
 */
export async function startQueryExecution(deps: AthenaDeps, input: StartQueryExecution) {
  const { query, files, bucket } = deps;
  const prefix = keyIn(bucket, input.ResultConfiguration.OutputLocation);
  const { columns, rows } = await query(input.QueryString);
  const QueryExecutionId = randomUUID();
  const key = `${prefix}${prefix.endsWith("/") ? "" : "/"}${QueryExecutionId}.csv`;
  await files.write(key, Buffer.from(toAthenaCsv(columns, rows)));
  return {
    QueryExecution: {
      QueryExecutionId,
      Query: input.QueryString,
      ResultConfiguration: { OutputLocation: `s3://${bucket}/${key}` },
      Status: { State: "SUCCEEDED" },
    },
  };
}

export function toAthenaCsv(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const texts = rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  return stringify([[...columns], ...texts], { quoted_string: true });
}

/** The key of `s3://bucket/key`. Throws RangeError for another bucket. */
export function keyIn(bucket: string, location: string): string {
  const start = `s3://${bucket}/`;
  if (!location.startsWith(start)) throw new RangeError(`${location} is not in the bucket ${bucket}`);
  return location.slice(start.length);
}
