import { Client, type ClientConfig } from "pg";

/** A row as PostgreSQL writes it: texts, whatever the type. */
export type TextRow = Record<string, string | null>;

/** A connection to the source. Values come as texts, times in UTC, so that nothing of them is lost. */
export interface SourceClient extends AsyncDisposable {
  rows(sql: string, values?: readonly unknown[]): Promise<TextRow[]>;
  /** The same as lists, in the order of the columns. */
  lists(sql: string, values?: readonly unknown[]): Promise<(string | null)[][]>;
  readonly raw: Client;
}

const asText = { getTypeParser: () => (value: unknown) => value } as unknown as NonNullable<ClientConfig["types"]>;

export async function connectSource(url: string): Promise<SourceClient> {
  const raw = new Client({ connectionString: url, types: asText, application_name: "maru-migrate" });
  // An error between two queries: the next one says it.
  raw.on("error", () => undefined);
  await raw.connect();
  await raw.query("set timezone to 'UTC'; set datestyle to 'ISO'");
  // One after the other, also for those who ask at once.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(query: () => Promise<T>): Promise<T> => {
    const result = last.then(query, query);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    raw,
    rows: (sql, values = []) => inTurn(async () => (await raw.query<TextRow>(sql, [...values])).rows),
    lists: (sql, values = []) =>
      inTurn(
        async () => (await raw.query<(string | null)[]>({ text: sql, values: [...values], rowMode: "array" })).rows,
      ),
    [Symbol.asyncDispose]: () => raw.end(),
  };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
