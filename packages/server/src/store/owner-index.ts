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
  type ItemKind,
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
  return queryOwner(table, "list_room_ids_of", { owner: userId, pick: roomIdOf("member") }, after, limit);
}

export function listRoomIds(
  table: TableAccess,
  bucket: number,
  afterRoomId: string | undefined,
  limit: number,
): Promise<string[]> {
  const after = afterRoomId === undefined ? undefined : metaKey(afterRoomId);
  return queryOwner(table, "list_room_ids", { owner: bucketOwner(bucket), pick: roomIdOf("meta") }, after, limit);
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
    const partition = { owner: heldBucketOwner(bucket), pick: placeOf };
    found.push(...(await queryOwner(table, "list_held_messages", partition, start, limit - found.length)));
    start = undefined;
  }
  return found;
}

function placeOf(key: AttributeMap): EntryPlace[] {
  const kind = itemKind(key.sk?.S ?? "");
  return kind.kind === "entry" ? [{ roomId: key.room_id?.S ?? "", seq: kind.seq }] : [];
}

function roomIdOf(wanted: ItemKind["kind"]): (key: AttributeMap) => string[] {
  return ({ room_id, sk }) => (room_id?.S !== undefined && itemKind(sk?.S ?? "").kind === wanted ? [room_id.S] : []);
}

interface Partition<Item> {
  readonly owner: string;
  /** Users share the index with what the server looks for: an item of another kind is passed over. */
  readonly pick: (key: AttributeMap) => Item[];
}

/** Fewer than `limit` only at the partition's end, however many keys are passed over. */
async function queryOwner<Item>(
  table: TableAccess,
  operation: string,
  { owner, pick }: Partition<Item>,
  after: ItemKey | undefined,
  limit: number,
): Promise<Item[]> {
  const found: Item[] = [];
  let startKey: AttributeMap | undefined = after && { ...after, owner: { S: owner } };
  while (found.length < limit) {
    const command: QueryCommand = new QueryCommand({
      TableName: table.tableName,
      IndexName: OWNER_INDEX,
      KeyConditionExpression: "#owner = :owner",
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: { ":owner": { S: owner } },
      Limit: limit - found.length,
      ExclusiveStartKey: startKey,
      ReturnConsumedCapacity: "TOTAL",
    });
    const page = await reaching(table.client.send(command));
    countRead(table, operation, page.ConsumedCapacity);
    found.push(...(page.Items ?? []).flatMap(pick));
    startKey = page.LastEvaluatedKey;
    if (startKey === undefined) break;
  }
  return found;
}
