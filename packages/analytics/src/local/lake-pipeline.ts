import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { LakeEngines } from "./lake-engines.ts";
import { openPackagedFlatten } from "./open-packaged-flatten.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";

/** AWS's runtime client, as `npm run tools` installs it. */
export const runtimeClient = join(
  import.meta.dirname,
  "../../../../.tools/lambda-runtime/node_modules/aws-lambda-ric/index.mjs",
);

export interface LakePipelineOptions {
  readonly dynamodbEndpoint: string;
  readonly tableName: string;
  readonly controlTable: string;
  readonly folder: string;
  readonly bucket: string;
  readonly say: (line: string) => void;
}

/** Starts the pipeline over the packaged function. */
export function startLakePipeline({ s3, keys, files }: LakeEngines, options: LakePipelineOptions): Promise<Pipeline> {
  const { dynamodbEndpoint, tableName, controlTable, folder, bucket, say } = options;
  return startPipeline({
    ...{ dynamodbEndpoint, region: s3.region, tableName, files, folder: join(folder, "pipeline") },
    openFunction: (firehoseEndpoint, streamName) =>
      openPackagedFlatten({
        taskRoot: join(folder, "function"),
        runtimeClient: [process.execPath, runtimeClient],
        env: {
          AWS_REGION: s3.region,
          AWS_ACCESS_KEY_ID: keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
          AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
          AWS_ENDPOINT_URL_FIREHOSE: firehoseEndpoint,
          AWS_ENDPOINT_URL_S3: s3.endpoint,
          MARU_CONTROL_TABLE: controlTable,
          MARU_LAKE_STREAM: streamName,
          MARU_LAKE_FAILURES_BUCKET: bucket,
          MARU_LAKE_FAILURES_PREFIX: "failures/",
          // Whoever runs it anew has other pseudonyms, in another lake.
          MARU_LAKE_HASH_KEY: randomBytes(32).toString("base64url"),
        },
      }),
    onError: (error) => say(error instanceof Error ? error.message : String(error)),
  });
}
