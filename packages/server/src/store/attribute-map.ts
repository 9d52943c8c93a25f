import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** An item, or a map inside one, in DynamoDB's own types. */
export type AttributeMap = Record<string, AttributeValue>;
