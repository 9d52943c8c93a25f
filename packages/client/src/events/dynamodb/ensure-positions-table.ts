import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { PositionsTableError } from "./errors.ts";
import { POSITION_KEYS } from "./stored-position.ts";

const CREATION_LIMIT_SECONDS = 120;

/**
 * Makes the table of positions, paid per request, unless it is there; resolves when it can be used. Or make it as any other
 * table: partition key `room_id` and sort key `consumer_group`, both strings. Nothing in it may expire.
 *
 * @throws PositionsTableError when there is a table of this name with other keys; what the SDK throws
 */
export async function ensurePositionsTable(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): Promise<"created" | "verified"> {
  const { client, tableName: TableName } = options;
  const isNew = await create(client, TableName);
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 5, maxWaitTime: CREATION_LIMIT_SECONDS }, { TableName });
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const found = (Table?.KeySchema ?? []).map(({ AttributeName }) => AttributeName).join(" and ");
  const wanted = POSITION_KEYS.join(" and ");
  if (found !== wanted) throw new PositionsTableError(TableName, found, wanted);
  return isNew ? "created" : "verified";
}

async function create(client: DynamoDBClient, TableName: string): Promise<boolean> {
  const [room, group] = POSITION_KEYS;
  try {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [
          { AttributeName: room, KeyType: "HASH" },
          { AttributeName: group, KeyType: "RANGE" },
        ],
        AttributeDefinitions: POSITION_KEYS.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceInUseException") return false;
    throw error;
  }
}
