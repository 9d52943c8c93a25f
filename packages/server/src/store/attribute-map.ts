import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** An item, or a map inside one, in DynamoDB's own types. */
export type AttributeMap = Record<string, AttributeValue>;

/**
 * What an attribute holds that should be a map; undefined for another. DynamoDB Local leaves an empty map out of a stream's
 * record, and its attribute is then of no type at all.
 */
export function mapOf(attribute: AttributeValue | undefined): AttributeMap | undefined {
  if (attribute?.M !== undefined) return attribute.M;
  return attribute !== undefined && Object.keys(attribute).length === 0 ? {} : undefined;
}
