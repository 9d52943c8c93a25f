import { BatchGetItemCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";
import { backOff } from "./backoff.ts";
import { requireReadCount } from "./limits.ts";
import { reaching, storeUnavailable } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";

const MAX_ATTEMPTS = 8;

/** The items that exist, in no order. What the table leaves out, because it throttles or is over 16 MB, is asked for again. */
export async function batchGet(
  table: TableAccess,
  operation: string,
  keys: readonly AttributeMap[],
): Promise<AttributeMap[]> {
  requireReadCount(keys.length);
  const items: AttributeMap[] = [];
  let pending: AttributeMap[] = [...keys];
  for (let attempt = 0; pending.length > 0; attempt++) {
    if (attempt === MAX_ATTEMPTS) throw storeUnavailable(new Error(`${pending.length} items were never answered`));
    if (attempt > 0) await backOff(attempt);
    const command = new BatchGetItemCommand({
      RequestItems: { [table.tableName]: { Keys: pending, ConsistentRead: true } },
      ReturnConsumedCapacity: "TOTAL",
    });
    const { Responses, UnprocessedKeys, ConsumedCapacity = [] } = await reaching(table.client.send(command));
    countRead(table, operation, ...ConsumedCapacity);
    items.push(...(Responses?.[table.tableName] ?? []));
    pending = UnprocessedKeys?.[table.tableName]?.Keys ?? [];
  }
  return items;
}
