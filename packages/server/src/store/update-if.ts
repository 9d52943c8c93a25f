import {
  type AttributeValue,
  ConditionalCheckFailedException,
  TransactionConflictException,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";
import { backOff } from "./backoff.ts";
import { fieldUpdate } from "./field-update.ts";
import { itemWriteUnits } from "./item-size.ts";
import type { ItemKey } from "./keys.ts";
import { storeUnavailable, toStoreError } from "./store-error.ts";
import { countRefusedWrite, countWrite, type TableAccess } from "./table-access.ts";

const MAX_ATTEMPTS = 8;

export type UpdateOutcome =
  /** The item as it is now. */
  | { readonly kind: "updated"; readonly item: AttributeMap }
  /** The condition is false for the item as it is; undefined when there is none. */
  | { readonly kind: "refused"; readonly item: AttributeMap | undefined };

export interface ConditionalUpdate {
  readonly key: ItemKey;
  readonly fields: Record<string, AttributeValue | undefined>;
  /** `#name` and `:name` stand for the fields; other names stand for themselves. */
  readonly condition: string;
}

/** One field update; while a transaction holds the item, it is tried again. */
export async function updateIf(
  table: TableAccess,
  operation: string,
  update: ConditionalUpdate,
): Promise<UpdateOutcome> {
  const command = new UpdateItemCommand({
    ...fieldUpdate(table.tableName, update.key, update.fields),
    ConditionExpression: update.condition,
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ReturnValues: "ALL_NEW",
    ReturnConsumedCapacity: "TOTAL",
  });
  for (let attempt = 1; ; attempt++) {
    try {
      const { Attributes = {}, ConsumedCapacity } = await table.client.send(command);
      countWrite(table, operation, ConsumedCapacity);
      return { kind: "updated", item: Attributes };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        countRefusedWrite(table, operation, itemWriteUnits(error.Item ?? {}));
        return { kind: "refused", item: error.Item };
      }
      if (!(error instanceof TransactionConflictException)) throw toStoreError(error);
      if (attempt === MAX_ATTEMPTS) throw storeUnavailable(error);
      await backOff(attempt);
    }
  }
}
