import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FirehoseClient } from "@aws-sdk/client-firehose";
import { S3Client } from "@aws-sdk/client-s3";
import { createLog } from "@maru/server/log.ts";
import { createDynamoCardTypes } from "@maru/server/store/card-types.ts";
import { createClient } from "@maru/server/store/client.ts";
import { createFirehoseStream } from "../delivery/firehose-stream.ts";
import { createFlattenHandler } from "../delivery/flatten-handler.ts";
import { createLakeFailurePlace } from "../delivery/lake-failure-place.ts";
import { createOpenCardTypes } from "../flatten/open-card-types.ts";
import { createLakeFiles } from "../lake/lake-files.ts";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";
import { readEnvironment, taskFolder } from "./environment.ts";

const env = readEnvironment([
  "AWS_REGION",
  "MARU_CONTROL_TABLE",
  "MARU_LAKE_STREAM",
  "MARU_LAKE_BUCKET",
  "MARU_LAKE_HASH_KEY",
]);
const { AWS_REGION: region } = env;
const folder = taskFolder(join(import.meta.dirname, "../.."));
const nowMs = Date.now;
const control = createClient({
  ...{ region, maxAttempts: 3, connectionTimeoutMs: 1_000, requestTimeoutMs: 5_000, maxSockets: 50 },
  ...(process.env.AWS_ENDPOINT_URL_DYNAMODB && { endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB }),
});

/** What AWS Lambda calls with batches of the table's stream. Set up when an instance starts. */
export const handler = createFlattenHandler({
  flattening: {
    personalData: parsePersonalData(readFileSync(join(folder, "personal-data.yaml"), "utf8")),
    pseudonyms: createPseudonyms(env.MARU_LAKE_HASH_KEY),
  },
  openCardTypes: createOpenCardTypes(
    createDynamoCardTypes({ client: control, tableName: env.MARU_CONTROL_TABLE }),
    nowMs,
  ),
  // The handler tries again by itself, and only what failed.
  stream: createFirehoseStream(new FirehoseClient({ region, maxAttempts: 1 }), env.MARU_LAKE_STREAM),
  failures: createLakeFailurePlace(createLakeFiles(new S3Client({ region }), env.MARU_LAKE_BUCKET), {
    prefix: "failures/",
    nowMs,
  }),
  log: createLog("info"),
  nowMs,
  random: Math.random,
});
