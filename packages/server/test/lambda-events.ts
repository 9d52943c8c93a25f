import type { LambdaStreamEvent, LambdaStreamRecord } from "../src/relay/lambda-record.ts";
import { toItem } from "../src/store/items.ts";
import { toRecordJson } from "../src/store/record-json.ts";
import type { StreamRecord } from "../src/store/stream.ts";
import { textEntry } from "./store-fixtures.ts";

export const STREAM_ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/maru/stream/2026-06-01T00:00:00.000";

/** Records of a table's stream as an event source mapping hands them over. */
export function toLambdaEvent(records: readonly StreamRecord[], streamArn = STREAM_ARN): LambdaStreamEvent {
  return {
    Records: records.map((record) => ({ ...JSON.parse(toRecordJson(record)), eventSourceARN: streamArn })),
  };
}

/** The insert of a text, as Lambda gives it. */
export function insertRecord(roomId: string, seq: number, at: number, change: object = {}): LambdaStreamRecord {
  const sk = `log#${String(seq).padStart(10, "0")}`;
  const dynamodb = {
    ApproximateCreationDateTime: 1_780_315_200,
    Keys: { room_id: { S: roomId }, sk: { S: sk } },
    NewImage: { ...toItem(textEntry(roomId, seq)), ...change },
    SequenceNumber: String(at).padStart(21, "0"),
    SizeBytes: 200,
    StreamViewType: "NEW_AND_OLD_IMAGES",
  };
  const [record] = toLambdaEvent([{ eventName: "INSERT", dynamodb } as unknown as StreamRecord]).Records;
  return record as LambdaStreamRecord;
}
