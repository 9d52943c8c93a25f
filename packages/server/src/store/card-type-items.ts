import type { CardTypeRecord } from "../domain/cards/card-type-store.ts";
import type { AttributeMap } from "./attribute-map.ts";

export const typesPartition = "card_types";
const descriptorsPartition = "card_descriptors";

export function cardTypeKey(type: string): AttributeMap {
  return { pk: { S: typesPartition }, sk: { S: type } };
}

export function descriptorsKey(hash: string): AttributeMap {
  return { pk: { S: descriptorsPartition }, sk: { S: hash } };
}

export function toCardTypeItem(record: CardTypeRecord): AttributeMap {
  return {
    ...cardTypeKey(record.type),
    owner: { S: record.owner },
    revision: { N: String(record.revision) },
    registered_at_ms: { N: String(record.registeredAtMs) },
    descriptor_hash: { S: record.descriptorHash },
  };
}

export function fromCardTypeItem(item: AttributeMap): CardTypeRecord {
  return {
    type: item.sk?.S ?? "",
    owner: item.owner?.S ?? "",
    revision: Number(item.revision?.N),
    registeredAtMs: Number(item.registered_at_ms?.N),
    descriptorHash: item.descriptor_hash?.S ?? "",
  };
}
