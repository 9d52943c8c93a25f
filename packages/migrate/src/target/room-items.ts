import { ConditionalCheckFailedException, PutItemCommand, paginateQuery } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { aliasOf, toAliasItem } from "@maru/server/store/items.ts";
import { itemKind } from "@maru/server/store/keys.ts";
import { batchItems, writeBatch } from "./batch-writer.ts";
import type { Target } from "./connect-target.ts";

/** Everything that the table has of a room. Eventually consistent reads cost half, and are asked for where that is enough. */
export async function* queryRoom(
  { client, table }: Target,
  roomId: string,
  options: { readonly consistent: boolean; readonly keysOnly?: boolean },
): AsyncGenerator<readonly AttributeMap[]> {
  const query = {
    TableName: table,
    ConsistentRead: options.consistent,
    KeyConditionExpression: "room_id = :room",
    ExpressionAttributeValues: { ":room": { S: roomId } },
    ...(options.keysOnly && { ProjectionExpression: "room_id, sk" }),
  };
  for await (const { Items = [] } of paginateQuery({ client }, query)) yield Items;
}

/** What an earlier attempt left of a room, and this one did not write. */
export async function deleteLeftovers(
  target: Target,
  roomId: string,
  kept: { readonly lastSeq: number; readonly userIds: ReadonlySet<string> },
): Promise<void> {
  const left: AttributeMap[] = [];
  for await (const items of queryRoom(target, roomId, { consistent: true, keysOnly: true })) {
    for (const item of items) {
      const key = itemKind(item.sk?.S ?? "");
      const isEntry = key.kind === "entry" && key.seq > kept.lastSeq;
      if (isEntry || (key.kind === "member" && !kept.userIds.has(key.userId))) left.push(item);
    }
  }
  for (let at = 0; at < left.length; at += batchItems) {
    const keys = left.slice(at, at + batchItems);
    await writeBatch(
      target,
      keys.map(({ room_id, sk }) => ({ DeleteRequest: { Key: { room_id, sk } as AttributeMap } })),
    );
  }
}

/** False when another room is there, or another alias. */
export async function putAlias({ client, table }: Target, aliasId: string, roomId: string): Promise<boolean> {
  try {
    await client.send(
      new PutItemCommand({
        TableName: table,
        Item: toAliasItem(aliasId, roomId),
        ConditionExpression: "attribute_not_exists(sk) OR alias_of = :room",
        ExpressionAttributeValues: { ":room": { S: roomId } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException)
      return error.Item !== undefined && aliasOf(error.Item) === roomId;
    throw error;
  }
}
