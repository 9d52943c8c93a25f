import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import type { Image } from "../flatten/attribute-json.ts";
import { cardTypesOf } from "../flatten/card-json.ts";
import { type Flattening, flatten } from "../flatten/flatten.ts";
import { UnreadableRecordError } from "../flatten/unreadable.ts";
import { deliveryLimits } from "./delivery-stream.ts";
import type { FailedRecord } from "./failure-place.ts";

export interface ToRowsDeps {
  readonly flattening: Omit<Flattening, "cards">;
  /** Those among these types that are registered; throws when that cannot be known now. */
  readonly openCardTypes: (types: readonly string[]) => Promise<Flattening["cards"]>;
  /** Default: what Firehose takes. */
  readonly maxRowBytes?: number;
}

export interface Row {
  readonly record: LambdaStreamRecord;
  readonly bytes: Uint8Array;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** What can never be a row that Firehose takes. */
  readonly unreadable: readonly FailedRecord[];
  /** What could not be made a row now. */
  readonly waiting: readonly FailedRecord[];
}

/** Makes rows of records. One that cannot be made keeps none of the others back. */
export async function toRows(deps: ToRowsDeps, records: readonly LambdaStreamRecord[]): Promise<Rows> {
  const typesOf = new Map(records.map((record) => [record, cardTypes(record)]));
  const opened = await open(deps, [...new Set([...typesOf.values()].flat())]);
  const rows: Row[] = [];
  const unreadable: FailedRecord[] = [];
  const waiting: FailedRecord[] = [];
  for (const record of records) {
    if (opened.why !== undefined && typesOf.get(record)?.length) {
      waiting.push({ why: opened.why, record });
      continue;
    }
    const made = toRow({ ...deps.flattening, cards: opened.cards }, record, deps.maxRowBytes);
    if ("why" in made) unreadable.push(made);
    else rows.push(made);
  }
  return { rows, unreadable, waiting };
}

function toRow(
  flattening: Flattening,
  record: LambdaStreamRecord,
  maxRowBytes: number = deliveryLimits.maxRowBytes,
): Row | FailedRecord {
  try {
    const bytes = Buffer.from(flatten(flattening, record));
    if (bytes.length <= maxRowBytes) return { record, bytes };
    return { record, why: `its row has ${bytes.length} bytes, and one may have ${maxRowBytes}` };
  } catch (error) {
    if (error instanceof UnreadableRecordError) return { record, why: error.message };
    throw error;
  }
}

function cardTypes({ dynamodb }: LambdaStreamRecord): string[] {
  return dynamodb?.NewImage === undefined ? [] : cardTypesOf(dynamodb.NewImage as Image);
}

async function open(
  { openCardTypes }: ToRowsDeps,
  types: readonly string[],
): Promise<{ readonly cards: Flattening["cards"]; readonly why?: string }> {
  if (types.length === 0) return { cards: new Map() };
  try {
    return { cards: await openCardTypes(types) };
  } catch (error) {
    return {
      cards: new Map(),
      why: `types of cards could not be read: ${messageOf(error)}`,
    };
  }
}

/** With what lies below it: that the store is away says little, and why is what somebody can act on. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
