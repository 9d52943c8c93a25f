import { type DynamoDBClient, paginateQuery } from "@aws-sdk/client-dynamodb";
import type { SeenEntry } from "../faults/compare-topic.ts";

/** What the consumers wrote down about these rooms. */
export async function readJournal(
  client: DynamoDBClient,
  tableName: string,
  roomIds: readonly string[],
): Promise<SeenEntry[]> {
  const lines: SeenEntry[] = [];
  for (const roomId of roomIds) {
    const query = {
      TableName: tableName,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :room",
      ExpressionAttributeValues: { ":room": { S: roomId } },
    };
    for await (const { Items = [] } of paginateQuery({ client }, query)) {
      for (const { seq, fingerprint } of Items) {
        lines.push({ roomId, seq: Number(seq?.N), fingerprint: fingerprint?.S ?? "" });
      }
    }
  }
  return lines;
}
