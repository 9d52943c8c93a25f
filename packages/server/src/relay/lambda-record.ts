import type { Change } from "../domain/change.ts";
import type { AttributeMap } from "../store/attribute-map.ts";
import type { ChangeRecord as StreamRecord } from "../store/to-change.ts";
import type { ChangeRecord } from "./table-stream.ts";

/** A batch as Lambda's event source mapping hands it over: of one shard, in its order. */
export interface LambdaStreamEvent {
  readonly Records: readonly LambdaStreamRecord[];
}

/** A record of a table's stream as JSON: times in seconds since 1970, bytes in base64. */
export interface LambdaStreamRecord {
  readonly eventID?: string;
  readonly eventName?: string;
  /** Names the stream. Lambda does not say which shard a record is of. */
  readonly eventSourceARN?: string;
  readonly dynamodb?: {
    readonly ApproximateCreationDateTime?: number;
    readonly SequenceNumber?: string;
    readonly Keys?: LambdaImage;
    readonly NewImage?: LambdaImage;
    readonly OldImage?: LambdaImage;
  };
}

type LambdaImage = Readonly<Record<string, unknown>>;

/** What a record says, as the worker gets it from the stream itself; `raw` stays as Lambda gave it. */
export function toChangeRecord(record: LambdaStreamRecord, toChange: (record: StreamRecord) => Change): ChangeRecord {
  const { SequenceNumber: sequenceNumber } = record.dynamodb ?? {};
  if (sequenceNumber === undefined) throw new TypeError("a record of the table's stream has no sequence number");
  const streamRecord = toStreamRecord(record);
  return {
    sequenceNumber,
    committedAtMs: streamRecord.dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0,
    change: toChange(streamRecord),
    raw: record,
  };
}

function toStreamRecord({ eventName, dynamodb = {} }: LambdaStreamRecord): StreamRecord {
  const { ApproximateCreationDateTime: atSeconds, Keys, NewImage, OldImage } = dynamodb;
  return {
    eventName,
    dynamodb: {
      ApproximateCreationDateTime: atSeconds === undefined ? undefined : new Date(Math.round(atSeconds * 1000)),
      Keys: toImage(Keys),
      NewImage: toImage(NewImage),
      OldImage: toImage(OldImage),
    },
  };
}

function toImage(image: LambdaImage | undefined): AttributeMap | undefined {
  return image && (mapValues(image, toAttribute) as AttributeMap);
}

/** Only bytes are written in another way than the SDK gives them. */
function toAttribute(attribute: unknown): unknown {
  if (!(attribute instanceof Object)) return attribute;
  return mapValues(attribute, (value, type) => {
    if (type === "B" && typeof value === "string") return fromBase64(value);
    if (type === "BS" && Array.isArray(value)) return value.map(fromBase64);
    if (type === "L" && Array.isArray(value)) return value.map(toAttribute);
    if (type === "M" && value instanceof Object) return mapValues(value, toAttribute);
    return value;
  });
}

function mapValues(values: object, map: (value: unknown, name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
