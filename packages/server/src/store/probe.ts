import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

/** What a small read of the table shows. */
export interface TableProbe {
  /** The `Date` header of the answer, whole seconds; undefined when the table sent none. */
  readonly tableTimeMs: number | undefined;
}

/** Reads an item that does not exist. Throws what the SDK throws when the table cannot be reached. */
export async function probeTable(client: DynamoDBClient, tableName: string): Promise<TableProbe> {
  const command = new GetItemCommand({ TableName: tableName, Key: { room_id: { S: "probe" }, sk: { S: "meta" } } });
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = headersOf(result.response).date;
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  await client.send(command);
  const tableTimeMs = Date.parse(date ?? "");
  return { tableTimeMs: Number.isNaN(tableTimeMs) ? undefined : tableTimeMs };
}

function headersOf(response: unknown): Record<string, string | undefined> {
  return (response as { headers?: Record<string, string> }).headers ?? {};
}
