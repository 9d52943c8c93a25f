import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LambdaBatchAnswer } from "@maru/server/relay/lambda.ts";
import type { LambdaStreamEvent } from "@maru/server/relay/lambda-record.ts";
import { createClient, createStreamsClient } from "@maru/server/store/client.ts";
import { readStreamArn } from "@maru/server/store/stream.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { runEventSourceMapping } from "./event-source-mapping.ts";
import { Firehose } from "./firehose.ts";
import { localCredentials } from "./local-credentials.ts";
import { serveFirehose } from "./serve-firehose.ts";

export interface PipelineOptions {
  readonly dynamodbEndpoint: string;
  readonly region: string;
  readonly tableName: string;
  readonly files: Pick<LakeFiles, "write">;
  /** Keeps what a killed pipeline needs to go on. */
  readonly folder: string;
  /** Opens the function, which sends rows to a delivery stream of this name behind this endpoint. */
  readonly openFunction: (firehoseEndpoint: string, streamName: string) => Promise<PipelineFunction>;
  /** What Firehose writes at once. Default: 5 MB or 1 s. */
  readonly buffer?: { readonly bytes: number; readonly ms: number };
  readonly refuse?: (row: Uint8Array) => string | undefined;
  readonly onError?: (error: unknown) => void;
}

export interface PipelineFunction extends AsyncDisposable {
  invoke(event: LambdaStreamEvent): Promise<LambdaBatchAnswer>;
}

/** The way from a table to the lake, as it runs on one machine. */
export interface Pipeline extends AsyncDisposable {
  /** Resolves when all that was in the stream before the call is in the bucket. */
  settle(): Promise<void>;
}

/** As in the template. */
export const eventsPrefix =
  "events/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/";
const streamName = "maru-lake";

/** Starts Firehose, the function and the mapping that feeds it, and goes on where an earlier pipeline in the folder ended. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { region, tableName, folder, files, onError, buffer = { bytes: 5_000_000, ms: 1_000 } } = options;
  const access = {
    ...{ region, endpoint: options.dynamodbEndpoint, credentials: localCredentials },
    ...{ maxAttempts: 3, connectionTimeoutMs: 1_000, requestTimeoutMs: 10_000, maxSockets: 10 },
  };
  const streamArn = await readStreamArn(createClient(access), tableName);
  if (streamArn === undefined) throw new Error(`the table ${tableName} has no stream: \`maru-server setup\` makes one`);
  await mkdir(folder, { recursive: true });
  await using starting = new AsyncDisposableStack();
  const firehose = await Firehose.start({
    ...{ files, streamName, prefix: eventsPrefix, nowMs: Date.now },
    ...{ bufferBytes: buffer.bytes, bufferMs: buffer.ms, folder: join(folder, "firehose") },
    ...(options.refuse && { refuse: options.refuse }),
    ...(onError && { onError }),
  });
  starting.defer(() => firehose.close());
  const { endpoint } = starting.use(await serveFirehose(firehose, streamName));
  const lambda = starting.use(await options.openFunction(endpoint, streamName));
  const stop = new AbortController();
  let idle = Promise.withResolvers<void>();
  const mapping = runEventSourceMapping(
    {
      ...{ client: createStreamsClient(access), streamArn, stateFile: join(folder, "mapping.json"), pauseMs: 50 },
      invoke: (event) => lambda.invoke(event),
      onIdle() {
        idle.resolve();
        idle = Promise.withResolvers();
      },
      ...(onError && { onError }),
    },
    stop.signal,
  );
  starting.defer(async () => {
    stop.abort();
    await mapping;
  });
  const started = starting.move();
  return {
    async settle() {
      // The read that is under way may have begun before the call.
      await idle.promise;
      await idle.promise;
      await firehose.flush();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
