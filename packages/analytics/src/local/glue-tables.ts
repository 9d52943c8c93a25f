import type { AnyTableInput } from "./serve-glue.ts";

/** Puts tables into a Glue catalog, as a deployment does, and their database where there is none. */
export async function createGlueTables(
  endpoint: string,
  database: string,
  tables: readonly AnyTableInput[],
): Promise<void> {
  await call(endpoint, "CreateDatabase", { DatabaseInput: { Name: database } }, "AlreadyExistsException");
  for (const TableInput of tables) await call(endpoint, "CreateTable", { DatabaseName: database, TableInput });
}

/** Replaces what a Glue catalog says of a table, as a deployment that adds a column does. */
export async function updateGlueTable(endpoint: string, database: string, table: AnyTableInput): Promise<void> {
  await call(endpoint, "UpdateTable", { DatabaseName: database, TableInput: table });
}

async function call(endpoint: string, operation: string, input: object, accepted?: string): Promise<void> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "x-amz-target": `AWSGlue.${operation}` },
    body: JSON.stringify(input),
  });
  if (response.ok) return;
  const text = await response.text();
  if (accepted === undefined || !text.includes(accepted)) throw new Error(`${operation}: ${text}`);
}
