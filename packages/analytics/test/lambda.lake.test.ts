import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { scratchName } from "@maru/devstack";
import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { bundleAnalytics } from "../../../scripts/build/bundle-analytics.ts";
import { root } from "../../../scripts/published.ts";
import { packageTemplate } from "../../../scripts/template/package-template.ts";
import { parseFailureLines } from "../src/delivery/failure-place.ts";
import { createLakeFiles, type LakeFiles } from "../src/lake/lake-files.ts";
import { readLines } from "../src/lake/rows.ts";
import { Firehose } from "../src/local/firehose.ts";
import { type Lambda, type LambdaOptions, startLambda } from "../src/local/lambda.ts";
import { eventsPrefix } from "../src/local/pipeline.ts";
import { serveFirehose } from "../src/local/serve-firehose.ts";
import { resourcesOf } from "../src/template/template.ts";
import { runtimeClient } from "./lake/runtime-client.ts";

const stack = new AsyncDisposableStack();
let taskRoot: string;
let handler: string;
let files: LakeFiles;
let firehose: Firehose;
let env: Record<string, string>;
let lambda: Lambda;
const output: string[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "lambda-test-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await bundleAnalytics(join(root, "packages/analytics/dist"));
  const { template } = packageTemplate({ into: join(folder, "package") });
  taskRoot = join(folder, "task");
  const zip = unzipSync(await readFile(join(folder, "package/flatten.zip")));
  for (const [name, bytes] of Object.entries(zip)) {
    await mkdir(dirname(join(taskRoot, name)), { recursive: true });
    await writeFile(join(taskRoot, name), bytes);
  }
  const functions = new Map(resourcesOf<{ Handler: string }>(template, "AWS::Lambda::Function"));
  handler = functions.get("FlattenLambdaFunction")?.Handler ?? "";

  const { endpoint, region, accessKeyId, secretAccessKey } = inject("lake").objectStore;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  stack.defer(() => client.destroy());
  const bucket = scratchName("lake").toLowerCase().replaceAll("_", "-");
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  files = createLakeFiles(client, bucket);
  const streamName = "maru-lake";
  firehose = await Firehose.start({
    ...{ files, streamName, prefix: eventsPrefix, nowMs: Date.now, folder: join(folder, "firehose") },
    ...{ bufferBytes: 5_000_000, bufferMs: 3_600_000 },
  });
  stack.defer(() => firehose.close());
  env = {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_FIREHOSE: stack.use(await serveFirehose(firehose, streamName)).endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: inject("stack").dynamodb.endpoint,
    MARU_CONTROL_TABLE: "control",
    MARU_LAKE_STREAM: streamName,
    MARU_LAKE_FAILURES_BUCKET: bucket,
    MARU_LAKE_FAILURES_PREFIX: "failures/",
    MARU_LAKE_HASH_KEY: "a key of these tests, of forty characters",
  };
  lambda = open({});
});
afterAll(() => stack.disposeAsync());

function open(over: Partial<LambdaOptions>): Lambda {
  const onOutput = (text: string): void => void output.push(text);
  return stack.use(
    startLambda({ runtimeClient: runtimeClient(), taskRoot, handler, timeoutMs: 60_000, env, onOutput, ...over }),
  );
}

function recordOf(
  seq: number,
  body: object = { M: { content: { M: { text: { M: { text: { S: `no. ${seq}` } } } } } } },
) {
  const record: LambdaStreamRecord = {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: Date.now() / 1000,
      SequenceNumber: String(100_000 + seq),
      NewImage: {
        room_id: { S: "r1" },
        sk: { S: `log#${String(seq).padStart(10, "0")}` },
        seq: { N: String(seq) },
        body,
      },
    },
  };
  return record;
}

/** What lies under a prefix, line by line. */
async function linesUnder(prefix: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const key of files.list(prefix)) lines.push(...readLines((await files.read(key)) ?? new Uint8Array()));
  return lines;
}

test("the packaged function takes a batch to Firehose, and answers with the exact shape", async () => {
  const Records = Array.from({ length: 500 }, (_, n) => recordOf(n + 1));
  expect(await lambda.invoke({ Records })).toEqual({ batchItemFailures: [] });
  await firehose.flush();
  const rows = (await linesUnder("events/")).map((line) => JSON.parse(line));
  expect(rows.map(({ seq }) => seq)).toEqual(Records.map((_, n) => n + 1));
  expect(rows[41]).toMatchObject({
    room_id: "r1",
    operation: "INSERT",
    body: { content: { text: { text: "no. 42" } } },
  });
});

test("it puts a poison record into the bucket, with its bytes, and the others pass", async () => {
  const poison = recordOf(602, { M: { bytes: { B: "/wA=" }, wrong: { X: "?" } } });
  expect(await lambda.invoke({ Records: [recordOf(601), poison, recordOf(603)] })).toEqual({ batchItemFailures: [] });
  const failed = parseFailureLines((await linesUnder("failures/")).join("\n"));
  expect(failed).toEqual([{ why: "body.wrong holds no value of type X", record: poison }]);
  await firehose.flush();
  const rows = (await linesUnder("events/")).map((line) => JSON.parse(line).seq);
  expect(rows).toEqual(expect.arrayContaining([601, 603]));
  expect(rows).not.toContain(602);
});

test("a card whose types cannot be read is named in the answer: Lambda hands it over again", async () => {
  const card = { M: { content: { M: { card: { M: { type: { S: "shop.v1.Order" }, value: { B: "" } } } } } } };
  const answer = await lambda.invoke({ Records: [recordOf(701), recordOf(702, card), recordOf(703)] });
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "100702" }] });
  // The log comes by another way than the answer.
  const isTold = () => expect(output.join("")).toMatch(/types of cards could not be read: .*non-existent table/);
  await vi.waitFor(isTold, { timeout: 10_000 });
});

test("what is no event of a stream is a function error with its type and message", async () => {
  await expect(lambda.invoke({ Records: 1 })).rejects.toMatchObject({ name: "LambdaError", type: "TypeError" });
  await expect(lambda.invoke({ Records: 1 })).rejects.toThrow("TypeError: records.map is not a function");
  expect(await lambda.invoke({ Records: [] })).toEqual({ batchItemFailures: [] });
});

test("a function without its variables does not start, and names those that are missing", async () => {
  const { AWS_REGION: _, MARU_LAKE_STREAM: __, MARU_LAKE_HASH_KEY: ___, ...rest } = env;
  const lacking = open({ env: rest });
  await expect(lacking.invoke({ Records: [] })).rejects.toThrow(
    "Error: the function lacks variables: MARU_LAKE_STREAM, MARU_LAKE_HASH_KEY",
  );
});
