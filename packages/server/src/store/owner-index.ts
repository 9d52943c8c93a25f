import { QueryCommand } from "@aws-sdk/client-dynamodb";
import type { EntryPlace } from "../domain/store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import {
  bucketOwner,
  entryKey,
  heldBucketCount,
  heldBucketOf,
  heldBucketOwner,
  type ItemKey,
  itemKind,
  memberKey,
  metaKey,
} from "./keys.ts";
import { reaching } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";
import { OWNER_INDEX } from "./table-definitions.ts";

export function listRoomIdsOf(
  table: TableAccess,
  userId: string,
  afterRoomId: string | undefined,
  limit: number,
): Promise<string[]> {
  const after = afterRoomId === undefined ? undefined : memberKey(afterRoomId, userId);
  return queryOwner(table, "list_room_ids_of", userId, after, limit).then(roomIdsOf);
}

export function listRoomIds(
  table: TableAccess,
  bucket: number,
  afterRoomId: string | undefined,
  limit: number,
): Promise<string[]> {
  const after = afterRoomId === undefined ? undefined : metaKey(afterRoomId);
  return queryOwner(table, "list_room_ids", bucketOwner(bucket), after, limit).then(roomIdsOf);
}

export async function listHeldMessages(
  table: TableAccess,
  after: EntryPlace | undefined,
  limit: number,
): Promise<EntryPlace[]> {
  const found: EntryPlace[] = [];
  let start = after && entryKey(after.roomId, after.seq);
  const first = after === undefined ? 0 : heldBucketOf(after.roomId);
  for (let bucket = first; bucket < heldBucketCount && found.length < limit; bucket++) {
    const keys = await queryOwner(table, "list_held_messages", heldBucketOwner(bucket), start, limit - found.length);
    found.push(...keys.flatMap(placeOf));
    start = undefined;
  }
  return found;
}

function placeOf(key: AttributeMap): EntryPlace[] {
  const kind = itemKind(key.sk?.S ?? "");
  return kind.kind === "entry" ? [{ roomId: key.room_id?.S ?? "", seq: kind.seq }] : [];
}

function roomIdsOf(keys: readonly AttributeMap[]): string[] {
  return keys.flatMap(({ room_id }) => room_id?.S ?? []);
}

async function queryOwner(
  table: TableAccess,
  operation: string,
  owner: string,
  after: ItemKey | undefined,
  limit: number,
): Promise<AttributeMap[]> {
  const keys: AttributeMap[] = [];
  let startKey: AttributeMap | undefined = after && { ...after, owner: { S: owner } };
  while (keys.length < limit) {
    const command: QueryCommand = new QueryCommand({
      TableName: table.tableName,
      IndexName: OWNER_INDEX,
      KeyConditionExpression: "#owner = :owner",
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: { ":owner": { S: owner } },
      Limit: limit - keys.length,
      ExclusiveStartKey: startKey,
      ReturnConsumedCapacity: "TOTAL",
    });
    const page = await reaching(table.client.send(command));
    countRead(table, operation, page.ConsumedCapacity);
    keys.push(...(page.Items ?? []));
    startKey = page.LastEvaluatedKey;
    if (startKey === undefined) break;
  }
  return keys;
}
