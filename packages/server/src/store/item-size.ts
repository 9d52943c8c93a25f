import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";

/** What DynamoDB bills: names and values as UTF-8, about half a byte per digit, 3 bytes per list or map and 1 per element. */
export function itemSizeBytes(item: AttributeMap): number {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(item)) sizeBytes += Buffer.byteLength(name) + valueSizeBytes(value);
  return sizeBytes;
}

/** Write units of a put of this item, without those of an index. */
export function itemWriteUnits(item: AttributeMap): number {
  return Math.max(1, Math.ceil(itemSizeBytes(item) / 1024));
}

function valueSizeBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSizeBytes(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSizeBytes(value.M);
  if (value.L !== undefined) return value.L.reduce((sum, element) => sum + 1 + valueSizeBytes(element), 3);
  return 1;
}

function numberSizeBytes(text: string): number {
  const digits = text
    .replace(/[eE].*$/, "")
    .replace(/[-+.]/g, "")
    .replace(/^0+|0+$/g, "").length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}
