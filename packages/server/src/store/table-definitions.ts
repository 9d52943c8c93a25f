import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";

/** A user's rooms, and by the hash of their ids all rooms. It holds the items that have an `owner`. */
export const OWNER_INDEX = "by_owner";

export function roomTable(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: stringAttributes("room_id", "sk", "owner"),
    KeySchema: keySchema("room_id", "sk"),
    GlobalSecondaryIndexes: [
      { IndexName: OWNER_INDEX, KeySchema: keySchema("owner", "room_id"), Projection: { ProjectionType: "KEYS_ONLY" } },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  };
}

/** Without a stream: what is written here must not become records that the relay reads and checkpoints again. */
export function controlTable(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: stringAttributes("pk", "sk"),
    KeySchema: keySchema("pk", "sk"),
  };
}

function stringAttributes(...names: string[]) {
  return names.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const }));
}

function keySchema(hash: string, range: string) {
  return [
    { AttributeName: hash, KeyType: "HASH" as const },
    { AttributeName: range, KeyType: "RANGE" as const },
  ];
}
