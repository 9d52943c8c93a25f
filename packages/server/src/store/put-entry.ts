import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import type { LoggedEntry, PutOutcome } from "../domain/store.ts";
import { itemWriteUnits } from "./item-size.ts";
import { fromItem, toItem } from "./items.ts";
import { toPutError } from "./store-error.ts";
import { countRefusedWrite, countWrite, type TableAccess } from "./table-access.ts";

export async function putEntry(table: TableAccess, logged: LoggedEntry, signal?: AbortSignal): Promise<PutOutcome> {
  const item = toItem(logged);
  const command = new PutItemCommand({
    TableName: table.tableName,
    Item: item,
    ConditionExpression: "attribute_not_exists(sk)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ReturnConsumedCapacity: "TOTAL",
  });
  try {
    const { ConsumedCapacity } = await table.client.send(command, { abortSignal: signal });
    countWrite(table, "put_entry", ConsumedCapacity);
    return { kind: "stored" };
  } catch (error) {
    if (error instanceof TransactionConflictException) return { kind: "conflict" };
    if (!(error instanceof ConditionalCheckFailedException)) throw toPutError(error, item, signal);
    const winner = error.Item;
    countRefusedWrite(table, "put_entry", Math.max(itemWriteUnits(item), itemWriteUnits(winner ?? {})));
    return { kind: "taken", winner: winner && fromItem(winner) };
  }
}
