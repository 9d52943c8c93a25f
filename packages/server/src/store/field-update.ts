import type { AttributeValue, Update } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";
import { VERSION_ATTRIBUTE } from "./items.ts";
import type { ItemKey } from "./keys.ts";

/**
 * An update of these attributes and no others: an attribute that this version does not know keeps its value, and so does
 * the item's version if it has one. An undefined value removes the attribute.
 */
export function fieldUpdate(
  tableName: string,
  key: ItemKey,
  fields: Record<string, AttributeValue | undefined>,
): Update {
  const set = ["#v = if_not_exists(#v, :v)"];
  const remove: string[] = [];
  const names: Record<string, string> = { "#v": "v" };
  const values: AttributeMap = { ":v": VERSION_ATTRIBUTE };
  for (const [name, value] of Object.entries(fields)) {
    names[`#${name}`] = name;
    if (value === undefined) {
      remove.push(`#${name}`);
    } else {
      values[`:${name}`] = value;
      set.push(`#${name} = :${name}`);
    }
  }
  return {
    TableName: tableName,
    Key: key,
    UpdateExpression: `SET ${set.join(", ")}${remove.length > 0 ? ` REMOVE ${remove.join(", ")}` : ""}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}
