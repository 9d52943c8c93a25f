import { randomUUID } from "node:crypto";
import {
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { CardTypeRecord, PutTypesOutcome } from "../domain/cards/card-type-store.ts";
import { toCardTypeItem } from "./card-type-items.ts";
import { toStoreError } from "./store-error.ts";
import { countRefusedWrite, countWrite, type TableAccess } from "./table-access.ts";

export async function putCardTypes(table: TableAccess, records: readonly CardTypeRecord[]): Promise<PutTypesOutcome> {
  const command = new TransactWriteItemsCommand({
    TransactItems: records.map((record) => toPut(table.tableName, record)),
    // Kept over the SDK's own retries, so that a lost answer is a success.
    ClientRequestToken: randomUUID(),
    ReturnConsumedCapacity: "TOTAL",
  });
  try {
    const { ConsumedCapacity = [] } = await table.client.send(command);
    countWrite(table, "put_card_types", ...ConsumedCapacity);
    return "stored";
  } catch (error) {
    if (!isLostRace(error)) throw toStoreError(error);
    countRefusedWrite(table, "put_card_types", 2 * records.length);
    return "taken";
  }
}

/** It follows on the revision before it, which somebody else may have followed on meanwhile. */
function toPut(TableName: string, record: CardTypeRecord): TransactWriteItem {
  const Item = toCardTypeItem(record);
  if (record.revision === 1) return { Put: { TableName, Item, ConditionExpression: "attribute_not_exists(sk)" } };
  return {
    Put: {
      TableName,
      Item,
      ConditionExpression: "revision = :before",
      ExpressionAttributeValues: { ":before": { N: String(record.revision - 1) } },
    },
  };
}

/** Or a transaction on one of the items was under way: nothing was decided, and the caller reads again in both cases. */
function isLostRace(error: unknown): boolean {
  if (error instanceof TransactionConflictException || error instanceof TransactionInProgressException) return true;
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  return codes.includes("ConditionalCheckFailed") || codes.includes("TransactionConflict");
}
