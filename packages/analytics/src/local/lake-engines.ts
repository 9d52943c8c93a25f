import { S3Client } from "@aws-sdk/client-s3";
import { queryTrino, startStack } from "@maru/devstack";
import { createLakeFiles } from "../lake/lake-files.ts";
import { readCatalog } from "../template/read-catalog.ts";
import { tableInputOf } from "../template/table-input.ts";
import type { AthenaDeps } from "./athena.ts";
import { createGlueTables } from "./glue-tables.ts";
import { serveGlue } from "./serve-glue.ts";

export interface LakeEnginesOptions {
  /** Keeps the bucket, its objects as files. */
  readonly folder: string;
  readonly bucket: string;
  readonly database: string;
  readonly say: (line: string) => void;
}

export type LakeEngines = Awaited<ReturnType<typeof startLakeEngines>>;

/** Object store, catalog, Trino and PostgreSQL, with the tables of the template. */
export async function startLakeEngines({ folder, bucket, database, say }: LakeEnginesOptions) {
  say("starting the object store, Trino and PostgreSQL …");
  await using starting = new AsyncDisposableStack();
  const glue = starting.use(await serveGlue());
  const { objectStore, trino, postgres } = starting.use(
    await startStack({
      ...{ objectStore: true, trino: { glueEndpoint: glue.endpoint }, postgres: true },
      ...{ persist: true, dataDir: folder, onProgress: say },
    }),
  );
  if (!objectStore || !trino || !postgres) throw new Error("an engine is missing");
  await objectStore.createBucket(bucket);
  const { endpoint, region, accessKeyId, secretAccessKey } = objectStore;
  // The exporter and the SDK of this process look here.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const tables = ["events", "events_all"].map((table) => tableInputOf(readCatalog(), table, { Lake: bucket }));
  await createGlueTables(glue.endpoint, database, tables);
  const query: AthenaDeps["query"] = async (sql) => {
    const { columns, rows } = await queryTrino(trino.url, sql, { catalog: "lake", schema: database });
    return { columns: columns.map(({ name }) => name), rows };
  };
  const started = starting.move();
  return {
    ...{ query, trinoUrl: trino.url, postgresUrl: postgres.url, glueEndpoint: glue.endpoint },
    s3: { endpoint, region },
    keys: { accessKeyId, secretAccessKey },
    files: createLakeFiles(new S3Client({ endpoint, region, forcePathStyle: true }), bucket),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
