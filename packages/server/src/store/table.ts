import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { enablePointInTimeRecovery, type PointInTimeRecovery } from "./point-in-time-recovery.ts";
import { controlTable, roomTable } from "./table-definitions.ts";
import { TableMismatchError, TableNotReadyError } from "./table-errors.ts";
import { tableProblems } from "./table-problems.ts";

export interface TableNames {
  readonly tableName: string;
  readonly controlTableName: string;
}

export interface TableReport {
  readonly tableName: string;
  readonly outcome: "created" | "existed";
  readonly pointInTimeRecovery: PointInTimeRecovery;
}

const WAIT_SECONDS = 120;

/**
 * Makes both tables, or checks that those that exist are as they must be, and waits until they can be used. Repeatable,
 * and safe to run twice at once. Throws TableMismatchError and TableNotReadyError.
 */
export async function createTables(client: DynamoDBClient, names: TableNames): Promise<TableReport[]> {
  const reports: TableReport[] = [];
  for (const definition of [roomTable(names.tableName), controlTable(names.controlTableName)])
    reports.push(await createTable(client, definition));
  return reports;
}

async function createTable(client: DynamoDBClient, definition: CreateTableCommandInput): Promise<TableReport> {
  const tableName = definition.TableName as string;
  const existed = await describeTable(client, tableName);
  const outcome = existed === undefined && (await tryCreate(client, definition)) ? "created" : "existed";
  await waitUntilActive(client, tableName);
  const problems = tableProblems(definition, (await describeTable(client, tableName)) ?? {});
  if (problems.length > 0) throw new TableMismatchError(tableName, problems);
  return { tableName, outcome, pointInTimeRecovery: await enablePointInTimeRecovery(client, tableName) };
}

/** False when somebody else made it meanwhile. */
async function tryCreate(client: DynamoDBClient, definition: CreateTableCommandInput): Promise<boolean> {
  try {
    await client.send(new CreateTableCommand(definition));
    return true;
  } catch (error) {
    if (error instanceof ResourceInUseException) return false;
    throw error;
  }
}

async function describeTable(client: DynamoDBClient, tableName: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function waitUntilActive(client: DynamoDBClient, tableName: string): Promise<void> {
  try {
    // The waiter's own first pause is 20 s, and is refused beside a shorter limit.
    const waiting = { client, minDelay: 1, maxDelay: 5, maxWaitTime: WAIT_SECONDS };
    await waitUntilTableExists(waiting, { TableName: tableName });
  } catch (cause) {
    throw new TableNotReadyError(tableName, { waitedMs: WAIT_SECONDS * 1000, cause });
  }
}
