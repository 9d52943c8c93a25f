import type { TableInput } from "./serve-glue.ts";

/** Puts a database and tables into a Glue catalog, as a deployment does. */
export async function createGlueTables(
  endpoint: string,
  database: string,
  tables: readonly TableInput[],
): Promise<void> {
  await call(endpoint, "CreateDatabase", { DatabaseInput: { Name: database } });
  for (const TableInput of tables) await call(endpoint, "CreateTable", { DatabaseName: database, TableInput });
}

async function call(endpoint: string, operation: string, input: object): Promise<void> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "x-amz-target": `AWSGlue.${operation}` },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${operation}: ${await response.text()}`);
}
