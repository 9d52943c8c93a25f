import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { CardTypeReader } from "../domain/cards/card-type-store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { cardTypeKey, descriptorsKey, fromCardTypeItem } from "./card-type-items.ts";
import { reaching } from "./store-error.ts";
import { type Consumed, countRead, type TableAccess } from "./table-access.ts";

export interface CardTypesOptions {
  readonly client: TableAccess["client"];
  /** The control table's. */
  readonly tableName: string;
  readonly onConsumed?: (consumed: Consumed) => void;
}

/** Gets single items and does nothing else: a function that only shows cards needs no more permissions than that. */
export function createCardTypeReader({ onConsumed = () => undefined, ...options }: CardTypesOptions): CardTypeReader {
  const table = { ...options, onConsumed };
  return {
    async readType(type) {
      const item = await getItem(table, "read_card_type", cardTypeKey(type));
      return item && fromCardTypeItem(item);
    },
    async readDescriptors(hash) {
      const item = await getItem(table, "read_card_descriptors", descriptorsKey(hash));
      return item?.descriptor_set?.B;
    },
  };
}

async function getItem(table: TableAccess, operation: string, Key: AttributeMap): Promise<AttributeMap | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key,
    ConsistentRead: true,
    ReturnConsumedCapacity: "TOTAL",
  });
  const { Item, ConsumedCapacity } = await reaching(table.client.send(command));
  countRead(table, operation, ConsumedCapacity);
  return Item;
}
