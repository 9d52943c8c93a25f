import { AwsError, type AwsJsonServer, startAwsJsonServer } from "./aws-json-server.ts";
import { type Firehose, FirehoseRefusal } from "./firehose.ts";

interface PutRecordBatch {
  readonly DeliveryStreamName: string;
  readonly Records: readonly { readonly Data: string }[];
}

/** Puts a Firehose behind AWS's own protocol, so that the functions' code calls it as it calls the real one. */
export function serveFirehose(firehose: Firehose, streamName: string): Promise<AwsJsonServer> {
  return startAwsJsonServer({
    async PutRecordBatch({ DeliveryStreamName, Records }: PutRecordBatch) {
      if (DeliveryStreamName !== streamName)
        throw new AwsError("ResourceNotFoundException", `there is no delivery stream ${DeliveryStreamName}`);
      const codes = await put(firehose, Records);
      return {
        FailedPutCount: codes.filter((code) => code !== undefined).length,
        RequestResponses: codes.map((code, at) =>
          code === undefined ? { RecordId: String(at) } : { ErrorCode: code, ErrorMessage: "it was not taken" },
        ),
      };
    },
  });
}

async function put(firehose: Firehose, records: PutRecordBatch["Records"]): Promise<(string | undefined)[]> {
  try {
    return await firehose.putRecordBatch(records.map(({ Data }) => Buffer.from(Data, "base64")));
  } catch (error) {
    if (error instanceof FirehoseRefusal) throw new AwsError(error.code, error.message);
    throw error;
  }
}
