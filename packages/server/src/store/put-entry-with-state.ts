import { randomUUID } from "node:crypto";
import {
  type CancellationReason,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { LoggedEntry, PutOutcome, StateChange } from "../domain/store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { itemWriteUnits } from "./item-size.ts";
import { fromItem, toItem } from "./items.ts";
import { requireFits } from "./limits.ts";
import { stateUpdates } from "./state-updates.ts";
import { contentTooLarge, saysTooLarge, storeUnavailable, toPutError } from "./store-error.ts";
import { countRefusedWrite, countWrite, type TableAccess } from "./table-access.ts";

export async function putEntryWithState(
  table: TableAccess,
  logged: LoggedEntry,
  change: StateChange,
  signal?: AbortSignal,
): Promise<PutOutcome> {
  requireFits(change);
  const item = toItem(logged);
  const updates = stateUpdates(table.tableName, logged.entry, change);
  const writes: TransactWriteItem[] = [
    { Put: { TableName: table.tableName, Item: item, ConditionExpression: "attribute_not_exists(sk)", ...ALL_OLD } },
    ...updates.map((update) => ({ Update: { ...update, ...ALL_OLD } })),
  ];
  const command = new TransactWriteItemsCommand({
    TransactItems: writes,
    // Kept over the SDK's own retries, so that a lost answer is a success; never over calls, whose content differs.
    ClientRequestToken: randomUUID(),
    ReturnConsumedCapacity: "TOTAL",
  });
  try {
    const { ConsumedCapacity = [] } = await table.client.send(command, { abortSignal: signal });
    countWrite(table, "put_entry_with_state", ...ConsumedCapacity);
    return { kind: "stored" };
  } catch (error) {
    if (error instanceof TransactionConflictException || error instanceof TransactionInProgressException)
      return { kind: "conflict" };
    if (!(error instanceof TransactionCanceledException)) throw toPutError(error, item, signal);
    countRefusedWrite(table, "put_entry_with_state", transactionWriteUnits(item, updates.length));
    const written = [item, ...updates.map((update) => update.ExpressionAttributeValues ?? {})];
    return cancelledOutcome(error.CancellationReasons ?? [], written, error);
  }
}

/** The entry is the first item of the transaction, and so its reason the first. `written` has the values of each item. */
export function cancelledOutcome(
  reasons: readonly CancellationReason[],
  written: readonly AttributeMap[],
  cause: unknown,
): PutOutcome {
  const codes = new Set(reasons.map((reason) => reason.Code).filter((code) => code !== "None"));
  if (codes.has("ConditionalCheckFailed")) {
    const winner = reasons[0]?.Code === "ConditionalCheckFailed" ? reasons[0].Item : undefined;
    return { kind: "taken", winner: winner && fromItem(winner) };
  }
  if (codes.has("TransactionConflict")) return { kind: "conflict" };
  const invalid = reasons.findIndex((reason) => reason.Code === "ValidationError");
  if (invalid !== -1) {
    throw saysTooLarge(reasons[invalid]?.Message) ? contentTooLarge(written[invalid] ?? {}, cause) : cause;
  }
  throw storeUnavailable(cause);
}

const ALL_OLD = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;

/** A transaction takes two units where a put takes one. `meta` and members are taken for small. */
function transactionWriteUnits(item: AttributeMap, updateCount: number): number {
  return 2 * (itemWriteUnits(item) + updateCount);
}
