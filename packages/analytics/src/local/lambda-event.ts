import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { toRecordJson } from "@maru/server/store/record-json.ts";
import type { StreamRecord } from "@maru/server/store/stream.ts";

/** A record of DynamoDB Local's stream as Lambda writes those of AWS. */
export function toLambdaRecord(record: StreamRecord, streamArn: string): LambdaStreamRecord {
  const { dynamodb, ...event } = JSON.parse(toRecordJson(record)) as LambdaStreamRecord;
  const { Keys, NewImage, OldImage, ...change } = dynamodb ?? {};
  return {
    ...event,
    eventSourceARN: streamArn,
    dynamodb: {
      ...change,
      ...(Keys && { Keys: withEmptyMaps(Keys) }),
      ...(NewImage && { NewImage: withEmptyMaps(NewImage) }),
      ...(OldImage && { OldImage: withEmptyMaps(OldImage) }),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

function withEmptyMaps(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, attribute]) => [name, withType(attribute as Fields)]));
}

/** DynamoDB Local leaves an empty map out of its attribute, which is then of no type; AWS writes `{"M":{}}`. */
function withType(attribute: Fields): Fields {
  if (Object.keys(attribute).length === 0) return { M: {} };
  if (attribute.M !== undefined) return { M: withEmptyMaps(attribute.M as Fields) };
  if (attribute.L !== undefined) return { L: (attribute.L as Fields[]).map(withType) };
  return attribute;
}
