import { PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { CardTypeRecord, CardTypeStore } from "../domain/cards/card-type-store.ts";
import { batchGet } from "./batch-get.ts";
import { cardTypeKey, descriptorsKey, fromCardTypeItem, typesPartition } from "./card-type-items.ts";
import { type CardTypesOptions, createCardTypeReader } from "./card-type-reader.ts";
import { putCardTypes } from "./put-card-types.ts";
import { reaching } from "./store-error.ts";
import { countRead, countWrite, type TableAccess } from "./table-access.ts";

/** Types of cards in the control table: a small item for each type, and their descriptors apart, by hash. */
export function createDynamoCardTypes({ onConsumed = () => undefined, ...options }: CardTypesOptions): CardTypeStore {
  const table = { ...options, onConsumed };
  return {
    ...createCardTypeReader(table),
    async readTypes(types) {
      const items = await batchGet(table, "read_card_types", [...new Set(types)].map(cardTypeKey));
      return new Map(items.map(fromCardTypeItem).map((record) => [record.type, record]));
    },
    listTypes: (afterType, limit) => listTypes(table, afterType, limit),
    putTypes: (records) => putCardTypes(table, records),
    async putDescriptors(hash, descriptorSet) {
      const command = new PutItemCommand({
        TableName: table.tableName,
        Item: { ...descriptorsKey(hash), descriptor_set: { B: descriptorSet } },
        ReturnConsumedCapacity: "TOTAL",
      });
      const { ConsumedCapacity } = await reaching(table.client.send(command));
      countWrite(table, "put_card_descriptors", ConsumedCapacity);
    },
  };
}

async function listTypes(table: TableAccess, afterType: string | undefined, limit: number): Promise<CardTypeRecord[]> {
  const records: CardTypeRecord[] = [];
  let startKey = afterType === undefined ? undefined : cardTypeKey(afterType);
  while (records.length < limit) {
    const command: QueryCommand = new QueryCommand({
      TableName: table.tableName,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: typesPartition } },
      Limit: limit - records.length,
      ExclusiveStartKey: startKey,
      ReturnConsumedCapacity: "TOTAL",
    });
    const page = await reaching(table.client.send(command));
    countRead(table, "list_card_types", page.ConsumedCapacity);
    records.push(...(page.Items ?? []).map(fromCardTypeItem));
    startKey = page.LastEvaluatedKey;
    if (startKey === undefined) break;
  }
  return records;
}
