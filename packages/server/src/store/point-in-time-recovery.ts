import { setTimeout as sleep } from "node:timers/promises";
import {
  ContinuousBackupsUnavailableException,
  DescribeContinuousBackupsCommand,
  type DynamoDBClient,
  UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import { TableNotReadyError } from "./table-errors.ts";

/** "unsupported": the engine does not know backups, as DynamoDB Local does not. */
export type PointInTimeRecovery = "enabled" | "was_enabled" | "unsupported";

const PAUSE_MS = 2_000;
const MAX_ATTEMPTS = 30;

export async function enablePointInTimeRecovery(
  client: DynamoDBClient,
  tableName: string,
): Promise<PointInTimeRecovery> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (await isEnabled(client, tableName)) return "was_enabled";
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      await client.send(new UpdateContinuousBackupsCommand({ TableName: tableName, PointInTimeRecoverySpecification }));
      return "enabled";
    } catch (error) {
      if (error instanceof Error && error.name === "UnknownOperationException") return "unsupported";
      // A table that was just made answers this for some seconds.
      if (!(error instanceof ContinuousBackupsUnavailableException)) throw error;
      if (attempt === MAX_ATTEMPTS)
        throw new TableNotReadyError(tableName, { waitedMs: PAUSE_MS * MAX_ATTEMPTS, cause: error });
      await sleep(PAUSE_MS);
    }
  }
}

async function isEnabled(client: DynamoDBClient, tableName: string): Promise<boolean> {
  const command = new DescribeContinuousBackupsCommand({ TableName: tableName });
  const { ContinuousBackupsDescription } = await client.send(command);
  return ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === "ENABLED";
}
