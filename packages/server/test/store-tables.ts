import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { scratchName } from "@maru/devstack";
import { inject } from "vitest";
import { type ClientOptions, createClient, createStreamsClient } from "../src/store/client.ts";
import { createTables, type TableNames, type TableReport } from "../src/store/table.ts";

export interface TestTables extends TableNames {
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly reports: readonly TableReport[];
}

export function testClientOptions(endpoint = inject("stack").dynamodb.endpoint): ClientOptions {
  const { region } = inject("stack").dynamodb;
  return {
    endpoint,
    region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 3,
    connectionTimeoutMs: 2_000,
    requestTimeoutMs: 20_000,
    maxSockets: 64,
  };
}

/** Tables of this test file alone, on the shared engine unless told otherwise. */
export async function testTables(endpoint?: string): Promise<TestTables> {
  const options = testClientOptions(endpoint);
  const client = createClient(options);
  const names = { tableName: scratchName("maru"), controlTableName: scratchName("control") };
  const reports = await createTables(client, names);
  return { client, streams: createStreamsClient(options), reports, ...names };
}
