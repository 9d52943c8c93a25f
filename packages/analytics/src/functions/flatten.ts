import { join } from "node:path";
import { readEnvironment, taskFolder } from "../lambda/environment.ts";
import { openFlatten } from "../lambda/open-flatten.ts";

const env = readEnvironment({
  AWS_REGION: undefined,
  MARU_CONTROL_TABLE: undefined,
  MARU_LAKE_STREAM: undefined,
  MARU_LAKE_FAILURES_BUCKET: undefined,
  MARU_LAKE_FAILURES_PREFIX: undefined,
  MARU_LAKE_HASH_KEY: undefined,
  MARU_LAKE_GIVE_UP_AFTER_MS: "600000",
});

/** What AWS Lambda calls with batches of the table's stream. Set up when an instance starts. */
export const handler = openFlatten({
  region: env.AWS_REGION,
  controlTable: env.MARU_CONTROL_TABLE,
  deliveryStream: env.MARU_LAKE_STREAM,
  failuresBucket: env.MARU_LAKE_FAILURES_BUCKET,
  failuresPrefix: env.MARU_LAKE_FAILURES_PREFIX,
  hashKey: env.MARU_LAKE_HASH_KEY,
  giveUpAfterMs: Number(env.MARU_LAKE_GIVE_UP_AFTER_MS),
  logLevel: "info",
  folder: taskFolder(join(import.meta.dirname, "../..")),
});
