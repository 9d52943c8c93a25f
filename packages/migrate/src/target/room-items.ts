import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  GetItemCommand,
  paginateQuery,
} from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { aliasOf, toAliasItem } from "@maru/server/store/items.ts";
import { itemKind, metaKey } from "@maru/server/store/keys.ts";
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

export interface Alias {
  readonly aliasId: string;
  readonly roomId: string;
}

/** At most so many at once. */
export const maxAliases = 25;

/**
 * Puts aliases where nothing is, and returns those in whose place there is something else. As statements, because those can be
 * sent many at once and have a condition each: a batch of puts would overwrite a room that somebody made meanwhile.
 */
export async function insertAliases(target: Target, aliases: readonly Alias[]): Promise<Alias[]> {
  const { client, table } = target;
  const Statements = aliases.map(({ aliasId, roomId }) => {
    const item = toAliasItem(aliasId, roomId);
    const names = Object.keys(item);
    return {
      Statement: `INSERT INTO "${table}" VALUE {${names.map((name) => `'${name}': ?`).join(", ")}}`,
      Parameters: names.map((name) => item[name] as AttributeValue),
    };
  });
  const { Responses = [] } = await client.send(new BatchExecuteStatementCommand({ Statements }));
  const refused: Alias[] = [];
  for (const [index, { Error: error }] of Responses.entries()) {
    const alias = aliases[index];
    if (error === undefined || alias === undefined) continue;
    // An earlier attempt may have put it.
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: metaKey(alias.aliasId), ConsistentRead: true }),
    );
    if (Item === undefined) throw new Error(`the alias ${alias.aliasId} was not put: ${error.Code} ${error.Message}`);
    if (aliasOf(Item) !== alias.roomId) refused.push(alias);
  }
  return refused;
}
