import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { inject } from "vitest";
import { createFolderFiles } from "../src/lake/folder-files.ts";
import type { LakeFiles } from "../src/lake/lake-files.ts";
import { readLines } from "../src/lake/rows.ts";
import { openFlatten } from "../src/lambda/open-flatten.ts";
import { localCredentials } from "../src/local/local-credentials.ts";
import { type Pipeline, type PipelineFunction, type PipelineOptions, startPipeline } from "../src/local/pipeline.ts";

/** A server with tables of its own, and a folder that is the lake. */
export interface LakeWorld extends AsyncDisposable {
  readonly maru: Maru;
  readonly files: LakeFiles;
  readonly tableName: string;
  startPipeline(over?: Partial<PipelineOptions>): Promise<Pipeline>;
  /** All rows of the lake, in the order of their changes. Within a second, objects lie in no order. */
  rows(): Promise<Record<string, unknown>[]>;
}

export const hashKey = "a key of these tests, of forty characters";

export async function startLakeWorld(): Promise<LakeWorld> {
  const { dynamodb, kafka } = inject("stack");
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "lake-test-"));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const tableName = scratchName("maru");
  const controlTable = scratchName("control");
  const fleet = starting.use(
    await openFleet({
      dynamodbEndpoint: dynamodb.endpoint,
      brokers: kafka.brokers,
      env: {
        MARU_TABLE: tableName,
        MARU_CONTROL_TABLE: controlTable,
        MARU_KAFKA_TOPIC: scratchName("events"),
        MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("markers"),
        MARU_ROLES: "api",
      },
    }),
  );
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  const maru = starting.use(connectMaru({ address: server.grpcAddress, token: await fleet.token("lake-test") }));
  const files = createFolderFiles(join(folder, "bucket"));
  const started = starting.move();
  return {
    maru,
    files,
    tableName,
    startPipeline: (over = {}) =>
      startPipeline({
        ...{ dynamodbEndpoint: dynamodb.endpoint, region: dynamodb.region, tableName, files },
        folder: join(folder, "pipeline"),
        buffer: { bytes: 200_000, ms: 200 },
        async openFunction(firehose, deliveryStream) {
          const handler = openFlatten({
            ...{
              region: dynamodb.region,
              controlTable,
              deliveryStream,
              hashKey,
              files,
              failuresBucket: "",
              failuresPrefix: "failures/",
            },
            folder: join(import.meta.dirname, ".."),
            giveUpAfterMs: 600_000,
            logLevel: "silent",
            local: { dynamodb: dynamodb.endpoint, firehose, credentials: localCredentials },
          });
          const invoke: PipelineFunction["invoke"] = (event) =>
            handler(event, { getRemainingTimeInMillis: () => 30_000 });
          return { invoke, [Symbol.asyncDispose]: async () => undefined };
        },
        ...over,
      }),
    async rows() {
      const rows: Record<string, unknown>[] = [];
      for await (const key of files.list("events/")) {
        const body = await files.read(key);
        if (body !== undefined) rows.push(...readLines(body).map((line) => JSON.parse(line)));
      }
      const placeOf = ({ sequence_number }: Record<string, unknown>) => String(sequence_number).padStart(40, "0");
      return rows.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
