import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { S3Client } from "@aws-sdk/client-s3";
import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { expect, onTestFinished, test } from "vitest";
import { parseFailureLines } from "../src/delivery/failure-place.ts";
import { createObjectWriter } from "../src/lake/object-writer.ts";
import { readLines } from "../src/lake/rows.ts";
import { openFlatten } from "../src/lambda/open-flatten.ts";
import { AwsError, startAwsJsonServer } from "../src/local/aws-json-server.ts";
import { localCredentials } from "../src/local/local-credentials.ts";

const giveUpAfterMs = 600_000;
const denied = new AwsError("AccessDeniedException", "not authorized to perform: firehose:PutRecordBatch");

/** What Firehose and S3 do with the calls to come. */
interface Faults {
  /** Refuses the whole call by throwing, or a row by the code that it returns. */
  firehose: (seq: number) => string | undefined;
  refusesFailures: boolean;
}

/** The function over a Firehose and an S3 that refuse, by HTTP, what they are told to refuse. */
async function startFaulty() {
  const faults: Faults = { firehose: () => undefined, refusesFailures: false };
  const taken: number[] = [];
  const calls: number[][] = [];
  const objects = new Map<string, Buffer>();
  const firehose = await startAwsJsonServer({
    PutRecordBatch({ Records }: { Records: { Data: string }[] }) {
      const seqs = Records.map(({ Data }) => JSON.parse(Buffer.from(Data, "base64").toString()).seq as number);
      calls.push(seqs);
      const codes = seqs.map(faults.firehose);
      taken.push(...seqs.filter((_, at) => codes[at] === undefined));
      return {
        FailedPutCount: codes.filter((code) => code !== undefined).length,
        RequestResponses: codes.map((ErrorCode) => (ErrorCode === undefined ? { RecordId: "1" } : { ErrorCode })),
      };
    },
  });
  onTestFinished(() => firehose[Symbol.asyncDispose]());
  const s3 = createServer(async (request, response) => {
    const body = await buffer(request);
    if (!faults.refusesFailures) objects.set(request.url ?? "", body);
    const refusal = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    if (faults.refusesFailures) response.writeHead(403, { "content-type": "application/xml" }).end(refusal);
    else response.end();
  }).listen(0, "127.0.0.1");
  await once(s3, "listening");
  onTestFinished(() => {
    s3.close();
    s3.closeAllConnections();
  });
  const endpoint = `http://127.0.0.1:${(s3.address() as AddressInfo).port}`;
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials: localCredentials });
  const handler = openFlatten({
    ...{ region: "us-east-1", controlTable: "control", deliveryStream: "maru-lake", failuresPrefix: "failures/" },
    ...{ failuresBucket: "lake", files: createObjectWriter(client, "lake"), logLevel: "silent" },
    hashKey: "a key of these tests, of forty characters",
    folder: join(import.meta.dirname, ".."),
    giveUpAfterMs,
    local: { dynamodb: "http://127.0.0.1:1", firehose: firehose.endpoint, credentials: localCredentials },
  });
  // Of which the last five seconds are for the answer.
  const run = (Records: readonly LambdaStreamRecord[], remainingMs = 7_000) =>
    handler({ Records }, { getRemainingTimeInMillis: () => remainingMs });
  const putAside = () => [...objects.values()].flatMap((body) => parseFailureLines(readLines(body).join("\n")));
  return { faults, taken, calls, run, putAside };
}

function recordOf(seq: number, over: { readonly ageMs?: number; readonly body?: object } = {}): LambdaStreamRecord {
  const { ageMs = 0, body = { S: `no. ${seq}` } } = over;
  return {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: (Date.now() - ageMs) / 1000,
      SequenceNumber: String(1000 + seq),
      NewImage: {
        room_id: { S: "r" },
        sk: { S: `log#${String(seq).padStart(10, "0")}` },
        seq: { N: String(seq) },
        body,
      },
    },
  };
}

const again = (seq: number) => ({ batchItemFailures: [{ itemIdentifier: String(1000 + seq) }] });
const done = { batchItemFailures: [] };

test("without the permission for Firehose the answer names the first record, and with it all arrive", async () => {
  const { faults, taken, run, putAside } = await startFaulty();
  faults.firehose = () => {
    throw denied;
  };
  const records = [recordOf(1), recordOf(2), recordOf(3)];
  expect(await run(records)).toEqual(again(1));
  expect(putAside()).toEqual([]);
  faults.firehose = () => undefined;
  expect(await run(records)).toEqual(done);
  expect(taken).toEqual([1, 2, 3]);
});

test("records that are too old to wait for the permission are put aside with their bytes, and younger ones are not", async () => {
  const { faults, taken, run, putAside } = await startFaulty();
  faults.firehose = () => {
    throw denied;
  };
  const records = [recordOf(1, { ageMs: giveUpAfterMs, body: { B: "/wA=" } }), recordOf(2)];
  expect(await run(records)).toEqual(again(2));
  const why = `${denied.code}: ${denied.message}`;
  expect(putAside()).toEqual([{ why, record: records[0] }]);
  expect(taken).toEqual([]);
});

test("while Firehose and the failure place both refuse, all is handed over again, and then nothing is missing", async () => {
  const { faults, taken, run, putAside } = await startFaulty();
  faults.firehose = () => {
    throw denied;
  };
  faults.refusesFailures = true;
  const poison = recordOf(2, { body: { X: "?" } });
  const records = [recordOf(1, { ageMs: giveUpAfterMs }), poison, recordOf(3)];
  expect(await run(records)).toEqual(again(1));
  expect(await run(records)).toEqual(again(1));
  expect(putAside()).toEqual([]);
  faults.refusesFailures = false;
  expect(await run(records)).toEqual(again(3));
  expect(putAside().map(({ record }) => record)).toEqual(expect.arrayContaining([records[0], poison]));
  faults.firehose = () => undefined;
  expect(await run(records.slice(2))).toEqual(done);
  expect(taken).toEqual([3]);
});

test("without the permission for the failure place only what belongs there waits", async () => {
  const { faults, taken, run, putAside } = await startFaulty();
  faults.refusesFailures = true;
  const poison = recordOf(2, { body: { X: "?" } });
  expect(await run([recordOf(1), poison, recordOf(3)])).toEqual(again(2));
  expect(taken).toEqual([1, 3]);
  faults.refusesFailures = false;
  expect(await run([poison, recordOf(3)])).toEqual(done);
  expect(putAside()).toEqual([{ why: "body holds no value of type X", record: poison }]);
});

test("rows that a throttled Firehose refuses are sent again, and only they", async () => {
  const { faults, taken, calls, run } = await startFaulty();
  const refused = new Set<number>();
  faults.firehose = (seq) => {
    if (seq % 3 !== 0 || refused.has(seq)) return undefined;
    refused.add(seq);
    return "ServiceUnavailableException";
  };
  expect(
    await run(
      [1, 2, 3, 4, 5, 6].map((seq) => recordOf(seq)),
      30_000,
    ),
  ).toEqual(done);
  expect(calls).toEqual([
    [1, 2, 3, 4, 5, 6],
    [3, 6],
  ]);
  expect(taken).toEqual([1, 2, 4, 5, 3, 6]);
});

test("a call that a throttled Firehose refuses as a whole is made again", async () => {
  const { faults, taken, calls, run } = await startFaulty();
  const refusals = ["ThrottlingException", "ServiceUnavailableException"];
  faults.firehose = () => {
    const code = refusals.pop();
    if (code !== undefined) throw new AwsError(code, "slow down");
    return undefined;
  };
  expect(await run([recordOf(1), recordOf(2)], 30_000)).toEqual(done);
  expect(calls).toHaveLength(3);
  expect(taken).toEqual([1, 2]);
});

test("when Firehose throttles one row for longer than the function has, its record alone comes again, and later is put aside", async () => {
  const { faults, taken, run, putAside } = await startFaulty();
  faults.firehose = (seq) => (seq === 2 ? "ServiceUnavailableException" : undefined);
  expect(await run([recordOf(1), recordOf(2), recordOf(3)])).toEqual(again(2));
  expect(taken).toEqual([1, 3]);
  const old = recordOf(2, { ageMs: giveUpAfterMs });
  expect(await run([old, recordOf(3)])).toEqual(done);
  expect(putAside()).toEqual([{ why: "ServiceUnavailableException", record: old }]);
});
