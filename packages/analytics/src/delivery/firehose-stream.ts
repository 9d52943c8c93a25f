import { type FirehoseClient, PutRecordBatchCommand } from "@aws-sdk/client-firehose";
import type { DeliveryStream } from "./delivery-stream.ts";

/** Firehose as a delivery stream: a call may take some rows and refuse others. */
export function createFirehoseStream(client: FirehoseClient, streamName: string): DeliveryStream {
  return {
    async put(rows, signal) {
      const command = new PutRecordBatchCommand({
        DeliveryStreamName: streamName,
        Records: rows.map((Data) => ({ Data })),
      });
      const { RequestResponses = [] } = await client.send(command, { abortSignal: signal });
      return RequestResponses.map(({ ErrorCode }) => ErrorCode);
    },
  };
}
