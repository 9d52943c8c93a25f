import { QueryCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";
import { reaching } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";

export interface SortKeyRange {
  readonly roomId: string;
  readonly first: string;
  readonly last: string;
  readonly descending: boolean;
  readonly limit: number;
}

/** Items of a room between two sort keys, both included. One answer holds at most 1 MB, so several may be needed. */
export async function queryItems(table: TableAccess, operation: string, range: SortKeyRange): Promise<AttributeMap[]> {
  const items: AttributeMap[] = [];
  let startKey: AttributeMap | undefined;
  while (items.length < range.limit) {
    const command: QueryCommand = new QueryCommand({
      TableName: table.tableName,
      ConsistentRead: true,
      KeyConditionExpression: "room_id = :room_id AND sk BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":room_id": { S: range.roomId },
        ":first": { S: range.first },
        ":last": { S: range.last },
      },
      ScanIndexForward: !range.descending,
      Limit: range.limit - items.length,
      ExclusiveStartKey: startKey,
      ReturnConsumedCapacity: "TOTAL",
    });
    const page = await reaching(table.client.send(command));
    countRead(table, operation, page.ConsumedCapacity);
    items.push(...(page.Items ?? []));
    startKey = page.LastEvaluatedKey;
    if (startKey === undefined) break;
  }
  return items;
}
