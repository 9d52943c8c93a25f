// The way from the table to the lake as a process of its own, so that it can be killed: Firehose, the function, the mapping.
import { createServer } from "node:http";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { createLakeFiles } from "../lake/lake-files.ts";
import { readEnvironment } from "../lambda/environment.ts";
import { openFlatten } from "../lambda/open-flatten.ts";
import { localCredentials } from "./local-credentials.ts";
import { startPipeline } from "./pipeline.ts";

const env = readEnvironment({
  AWS_REGION: undefined,
  AWS_ENDPOINT_URL_S3: undefined,
  MARU_DYNAMODB_ENDPOINT: undefined,
  MARU_HTTP_ADDRESS: undefined,
  MARU_TABLE: undefined,
  MARU_CONTROL_TABLE: undefined,
  MARU_LAKE_BUCKET: undefined,
  MARU_LAKE_HASH_KEY: undefined,
  MARU_LAKE_FOLDER: undefined,
  // Shares, to make trouble: of rows that Firehose refuses, of batches that are handed over twice.
  MARU_LAKE_REFUSE: "0",
  MARU_LAKE_REPEAT: "0",
});
const { AWS_REGION: region, MARU_DYNAMODB_ENDPOINT: dynamodb } = env;
const chance = (share: string): boolean => Math.random() < Number(share);

const files = createLakeFiles(new S3Client({ region }), env.MARU_LAKE_BUCKET);
await using pipeline = await startPipeline({
  ...{ dynamodbEndpoint: dynamodb, region, tableName: env.MARU_TABLE, files, folder: env.MARU_LAKE_FOLDER },
  async openFunction(firehose, deliveryStream) {
    const handler = openFlatten({
      ...{ region, deliveryStream, files, controlTable: env.MARU_CONTROL_TABLE, failuresBucket: env.MARU_LAKE_BUCKET },
      ...{ hashKey: env.MARU_LAKE_HASH_KEY, giveUpAfterMs: 600_000, logLevel: "warn", failuresPrefix: "failures/" },
      folder: join(import.meta.dirname, "../.."),
      local: { dynamodb, firehose, credentials: localCredentials },
    });
    return {
      async invoke(event) {
        const answer = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
        if (chance(env.MARU_LAKE_REPEAT)) await handler(event, { getRemainingTimeInMillis: () => 30_000 });
        return answer;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
  refuse: () => (chance(env.MARU_LAKE_REFUSE) ? "ServiceUnavailableException" : undefined),
  onError: (error) => process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`),
});

/** `/readyz` says that it runs; `/settle` answers when all that was in the stream is in the bucket. */
const server = createServer((request, response) => {
  const done = request.url === "/settle" ? pipeline.settle() : Promise.resolve();
  done.then(
    () => response.writeHead(200).end("ok"),
    (error) => response.writeHead(500).end(String(error)),
  );
});
const [host = "", port = ""] = env.MARU_HTTP_ADDRESS.split(":");
server.listen(Number(port), host);
await new Promise((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, resolve);
});
server.closeAllConnections();
server.close();
