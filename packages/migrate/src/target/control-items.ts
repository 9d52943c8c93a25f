import { BatchWriteItemCommand, GetItemCommand, PutItemCommand, paginateQuery } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { batchItems } from "./batch-writer.ts";
import type { Target } from "./connect-target.ts";

/** What a migration keeps in the control table, under its name: as JSON, because nobody else reads it. */
export interface ControlItems {
  get<T>(key: string): Promise<T | undefined>;
  put(key: string, value: object): Promise<void>;
  putAll(values: readonly { readonly key: string; readonly value: object }[]): Promise<void>;
  /** Those whose keys begin so, in order. */
  list<T>(prefix: string): AsyncGenerator<{ readonly key: string; readonly value: T }>;
}

export function createControlItems({ client, controlTable: TableName }: Target, migration: string): ControlItems {
  const pk = { S: `migration#${migration}` };
  const toItem = (key: string, value: object): AttributeMap => ({
    pk,
    sk: { S: key },
    value: { S: JSON.stringify(value) },
    updated_at: { S: new Date().toISOString() },
  });
  return {
    async get<T>(key: string) {
      const command = new GetItemCommand({ TableName, Key: { pk, sk: { S: key } }, ConsistentRead: true });
      const { Item } = await client.send(command);
      return Item?.value?.S === undefined ? undefined : (JSON.parse(Item.value.S) as T);
    },
    async put(key, value) {
      await client.send(new PutItemCommand({ TableName, Item: toItem(key, value) }));
    },
    async putAll(values) {
      for (let at = 0; at < values.length; at += batchItems) {
        let left = values
          .slice(at, at + batchItems)
          .map(({ key, value }) => ({ PutRequest: { Item: toItem(key, value) } }));
        while (left.length > 0) {
          const { UnprocessedItems } = await client.send(
            new BatchWriteItemCommand({ RequestItems: { [TableName]: left } }),
          );
          left = (UnprocessedItems?.[TableName] ?? []) as typeof left;
        }
      }
    },
    async *list<T>(prefix: string) {
      const query = {
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues: { ":pk": pk, ":prefix": { S: prefix } },
      };
      for await (const { Items = [] } of paginateQuery({ client }, query))
        for (const { sk, value } of Items) yield { key: sk?.S ?? "", value: JSON.parse(value?.S ?? "null") as T };
    },
  };
}
