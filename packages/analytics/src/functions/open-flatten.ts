import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FirehoseClient } from "@aws-sdk/client-firehose";
import { S3Client } from "@aws-sdk/client-s3";
import { createLog } from "@maru/server/log.ts";
import { createDynamoCardTypes } from "@maru/server/store/card-types.ts";
import { createClient } from "@maru/server/store/client.ts";
import { createFirehoseStream } from "../delivery/firehose-stream.ts";
import { createFlattenHandler, type FlattenHandler } from "../delivery/flatten-handler.ts";
import { createLakeFailurePlace } from "../delivery/lake-failure-place.ts";
import { createOpenCardTypes } from "../flatten/open-card-types.ts";
import { createLakeFiles } from "../lake/lake-files.ts";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";

export interface FlattenFunction {
  readonly region: string;
  readonly controlTable: string;
  readonly deliveryStream: string;
  readonly bucket: string;
  readonly hashKey: string;
  /** Holds personal-data.yaml. */
  readonly folder: string;
  readonly giveUpAfterMs: number;
  /** Undefined: AWS's own. */
  readonly dynamodbEndpoint: string | undefined;
}

/** Connects once for an instance of the function. Where Firehose and S3 are, the SDK reads from AWS_ENDPOINT_URL_*. */
export function openFlatten(options: FlattenFunction): FlattenHandler {
  const { region, bucket, dynamodbEndpoint } = options;
  const nowMs = Date.now;
  const control = createClient({
    ...{ region, maxAttempts: 3, connectionTimeoutMs: 1_000, requestTimeoutMs: 5_000, maxSockets: 50 },
    ...(dynamodbEndpoint !== undefined && { endpoint: dynamodbEndpoint }),
  });
  const cardTypes = createDynamoCardTypes({ client: control, tableName: options.controlTable });
  return createFlattenHandler({
    flattening: {
      personalData: parsePersonalData(readFileSync(join(options.folder, "personal-data.yaml"), "utf8")),
      pseudonyms: createPseudonyms(options.hashKey),
    },
    openCardTypes: createOpenCardTypes(cardTypes, nowMs),
    // The handler tries again by itself, and only what failed.
    stream: createFirehoseStream(new FirehoseClient({ region, maxAttempts: 1 }), options.deliveryStream),
    failures: createLakeFailurePlace(createLakeFiles(new S3Client({ region }), bucket), { prefix: "failures/", nowMs }),
    log: createLog("info"),
    nowMs,
    random: Math.random,
    giveUpAfterMs: options.giveUpAfterMs,
  });
}
