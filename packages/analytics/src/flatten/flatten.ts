import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { itemKind } from "@maru/server/store/keys.ts";
import type { Showing } from "./attribute-json.ts";
import { fieldsJson, type Image } from "./attribute-json.ts";
import { type CardShowing, withCardJson } from "./card-json.ts";
import { requireColumnTypes } from "./require-column-types.ts";
import { UnreadableRecordError } from "./unreadable.ts";

/** How records become rows. */
export interface Flattening extends Omit<Showing, "userId"> {
  readonly cards: CardShowing;
}

/** Columns that say how the item changed. An attribute of such a name gets `attribute_` before it. */
export const changeColumns = [
  "item_kind",
  "operation",
  "committed_at",
  "sequence_number",
  "year",
  "month",
  "day",
  "hour",
];
const taken: ReadonlySet<string> = new Set(changeColumns);

/**
 * One row of the lake: a record of the table's stream as one line of JSON, which ends with a newline.
 * `{"attr":{"S":"x"}}` becomes `{"attr":"x"}` for every type of DynamoDB: numbers to the last digit, bytes in base64, sets
 * as sorted lists, maps within maps. The row has the item as it is after the change, of a removed item its key alone, and
 * beside that `item_kind` (entry, meta, member), `operation` (INSERT, MODIFY, REMOVE), `committed_at` and `sequence_number`.
 *
 * Throws UnreadableRecordError for what can never become a row.
 *
 *     flatten(flattening, record)   // {"item_kind":"entry","operation":"INSERT", … ,"room_id":"r1","seq":42,"body":{…}}\n
 */
export function flatten(flattening: Flattening, record: LambdaStreamRecord): string {
  const { eventName, dynamodb } = record;
  const { Keys, NewImage, SequenceNumber, ApproximateCreationDateTime: atSeconds } = dynamodb ?? {};
  if (SequenceNumber === undefined) throw new UnreadableRecordError("it has no sequence number");
  if (eventName === undefined) throw new UnreadableRecordError("it does not say what happened");
  if (atSeconds === undefined) throw new UnreadableRecordError("it has no time");
  const image = NewImage ?? Keys;
  if (image === undefined) throw new UnreadableRecordError("it has neither an image nor a key");
  requireColumnTypes(image);
  const key = itemKind(textOf(image.sk));
  const change = {
    item_kind: key.kind,
    operation: eventName,
    committed_at: new Date(Math.round(atSeconds * 1000)).toISOString(),
    sequence_number: SequenceNumber,
  };
  const userId = key.kind === "member" ? key.userId : actorOf(image);
  const showing: Showing = { ...flattening, userId };
  const withCards = withCardJson(flattening.cards, image);
  const item = key.kind === "member" ? withoutUserId(showing, withCards) : withCards;
  return `${JSON.stringify(change).slice(0, -1)},${fieldsJson(showing, item, undefined, "full", toColumn)}}\n`;
}

function toColumn(attribute: string): string {
  return taken.has(attribute) || attribute.startsWith("attribute_") ? `attribute_${attribute}` : attribute;
}

/** A member's key and owner name the user, outside of any field for users. */
function withoutUserId({ personalData, pseudonyms, userId }: Showing, item: Image): Image {
  if (personalData.userIds === "full") return item;
  const pseudonym = pseudonyms.ofUser(userId);
  const owner = item.owner === undefined ? undefined : { owner: { S: pseudonym } };
  return { ...item, sk: { S: `member#${pseudonym}` }, ...owner };
}

function actorOf({ actor }: Image): string {
  return textOf((actor as { M?: Image } | undefined)?.M?.user_id);
}

function textOf(attribute: unknown): string {
  const text = (attribute as { S?: unknown } | undefined)?.S;
  return typeof text === "string" ? text : "";
}
