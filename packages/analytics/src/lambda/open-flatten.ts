import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FirehoseClient } from "@aws-sdk/client-firehose";
import { S3Client } from "@aws-sdk/client-s3";
import { createLog, type LogLevel } from "@maru/server/log.ts";
import { createCardTypeReader } from "@maru/server/store/card-type-reader.ts";
import { createClient } from "@maru/server/store/client.ts";
import { createFirehoseStream } from "../delivery/firehose-stream.ts";
import { createFlattenHandler, type FlattenHandler } from "../delivery/flatten-handler.ts";
import { createLakeFailurePlace } from "../delivery/lake-failure-place.ts";
import { createOpenCardTypes } from "../flatten/open-card-types.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { createObjectWriter } from "../lake/object-writer.ts";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";

export interface FlattenFunction {
  readonly region: string;
  readonly controlTable: string;
  readonly deliveryStream: string;
  readonly failuresBucket: string;
  /** `failures/` */
  readonly failuresPrefix: string;
  readonly hashKey: string;
  /** Holds personal-data.yaml. */
  readonly folder: string;
  readonly giveUpAfterMs: number;
  readonly logLevel: LogLevel;
  /** What stands for AWS's services; otherwise the SDK finds them, by AWS_ENDPOINT_URL_* too. */
  readonly local?: {
    readonly dynamodb: string;
    readonly firehose: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Default: the bucket, in S3. */
  readonly files?: Pick<LakeFiles, "write">;
}

/** Connects once for an instance of the function. */
export function openFlatten(options: FlattenFunction): FlattenHandler {
  const { region, local } = options;
  const { files = createObjectWriter(new S3Client({ region }), options.failuresBucket) } = options;
  const nowMs = Date.now;
  const control = createClient({
    ...{ region, maxAttempts: 3, connectionTimeoutMs: 1_000, requestTimeoutMs: 5_000, maxSockets: 50 },
    ...(local !== undefined && { endpoint: local.dynamodb, credentials: local.credentials }),
  });
  const cardTypes = createCardTypeReader({ client: control, tableName: options.controlTable });
  const firehose = new FirehoseClient({
    ...{ region, maxAttempts: 1 },
    ...(local !== undefined && { endpoint: local.firehose, credentials: local.credentials }),
  });
  return createFlattenHandler({
    flattening: {
      personalData: parsePersonalData(readFileSync(join(options.folder, "personal-data.yaml"), "utf8")),
      pseudonyms: createPseudonyms(options.hashKey),
    },
    openCardTypes: createOpenCardTypes(cardTypes, nowMs),
    // The handler tries again by itself, and only what failed.
    stream: createFirehoseStream(firehose, options.deliveryStream),
    failures: createLakeFailurePlace(files, { prefix: options.failuresPrefix, nowMs }),
    log: createLog(options.logLevel),
    nowMs,
    random: Math.random,
    giveUpAfterMs: options.giveUpAfterMs,
  });
}
