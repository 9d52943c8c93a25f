import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { queryTrino, scratchName } from "@maru/devstack";
import { inject } from "vitest";
import { createLakeFiles, type LakeFiles } from "../../src/lake/lake-files.ts";
import { createGlueTables } from "../../src/local/glue-tables.ts";
import type { AnyTableInput } from "../../src/local/serve-glue.ts";
import { readCatalog } from "../../src/template/read-catalog.ts";
import { tableInputOf } from "../../src/template/table-input.ts";
import { readViews } from "../../src/views/read-views.ts";
import type { LakeEngines } from "./setup.ts";

/** A bucket of this test file alone, with the tables of the packaged template over it. */
export interface LakeSql {
  readonly bucket: string;
  readonly database: string;
  readonly files: LakeFiles;
  query(sql: string): Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] }>;
  addTables(tables: readonly AnyTableInput[]): Promise<void>;
}

export async function openLakeSql(
  { objectStore, trinoUrl, glueEndpoint }: LakeEngines = inject("lake"),
): Promise<LakeSql> {
  const bucket = scratchName("lake").toLowerCase().replaceAll("_", "-");
  const database = scratchName("db").toLowerCase().replaceAll("-", "_");
  const { endpoint, accessKeyId, secretAccessKey, region } = objectStore;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await createGlueTables(
    glueEndpoint,
    database,
    ["events", "events_all"].map((table) => tableInputOf(readCatalog(), table, { Lake: bucket })),
  );
  const query: LakeSql["query"] = async (sql) => {
    const { columns, rows } = await queryTrino(trinoUrl, sql, { catalog: "lake", schema: database });
    return { columns: columns.map(({ name }) => name), rows };
  };
  for (const { sql } of readViews()) await query(sql);
  const addTables = (tables: readonly AnyTableInput[]) => createGlueTables(glueEndpoint, database, tables);
  return { bucket, database, files: createLakeFiles(client, bucket), query, addTables };
}
