import { setTimeout as sleep } from "node:timers/promises";

export interface TrinoAnswer {
  /** In the order of the select list; types as Trino writes them: `varchar`, `array(bigint)`. */
  columns: { name: string; type: string }[];
  /** One value for each column; bigint and double come as numbers, decimals, dates and times as strings. */
  rows: unknown[][];
  /** What was read from the tables' files, as far as Trino says. */
  readBytes: number;
}

export interface TrinoQueryOptions {
  catalog?: string;
  schema?: string;
  /** Properties of the session: `{ "lake.compression_codec": "ZSTD" }`. */
  session?: Readonly<Record<string, string>>;
  /** Cancels the query. */
  signal?: AbortSignal;
}

/** Trino refused the query or failed at it. */
export class TrinoQueryError extends Error {
  override readonly name = "TrinoQueryError";
  /** `SYNTAX_ERROR`, `TABLE_NOT_FOUND`, `NO_NODES_AVAILABLE` … */
  readonly errorName: string;

  constructor(message: string, errorName: string) {
    super(message);
    this.errorName = errorName;
  }
}

/** Runs one statement (no semicolon at its end) and reads its whole result into memory. */
export async function queryTrino(url: string, sql: string, options: TrinoQueryOptions = {}): Promise<TrinoAnswer> {
  const { catalog, schema, session = {}, signal } = options;
  const properties = Object.entries(session).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const headers = {
    "x-trino-user": "maru",
    "x-trino-source": "maru",
    ...(catalog !== undefined && { "x-trino-catalog": catalog }),
    ...(schema !== undefined && { "x-trino-schema": schema }),
    ...(properties.length > 0 && { "x-trino-session": properties.join(",") }),
  };
  const answer: TrinoAnswer = { columns: [], rows: [], readBytes: 0 };
  let page = await readPage(`${url}/v1/statement`, { method: "POST", headers, body: sql, signal: signal ?? null });
  for (;;) {
    if (page.error !== undefined) throw new TrinoQueryError(page.error.message, page.error.errorName);
    if (page.columns !== undefined) answer.columns = page.columns.map(({ name, type }) => ({ name, type }));
    for (const row of page.data ?? []) answer.rows.push(row);
    answer.readBytes = page.stats?.physicalInputBytes ?? answer.readBytes;
    if (page.nextUri === undefined) return answer;
    page = await nextPage(page.nextUri, signal);
  }
}

/** What the protocol's answers have in them, as far as it is read here. */
interface Page {
  nextUri?: string;
  columns?: { name: string; type: string }[];
  data?: unknown[][];
  stats?: { physicalInputBytes?: number };
  error?: { message: string; errorName: string };
}

async function nextPage(uri: string, signal: AbortSignal | undefined): Promise<Page> {
  try {
    return await readPage(uri, { signal: signal ?? null });
  } catch (error) {
    // Otherwise the query would go on until Trino notices that nobody asks for its result.
    await fetch(uri, { method: "DELETE", signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    throw error;
  }
}

/** The protocol has a busy server answer 502, 503 or 504, which is to be asked again. */
async function readPage(uri: string, request: RequestInit): Promise<Page> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(uri, request);
    if (response.ok) return (await response.json()) as Page;
    const text = await response.text();
    if (![502, 503, 504].includes(response.status) || attempt === BUSY_ATTEMPTS) {
      throw new TrinoQueryError(`Trino answered ${response.status}: ${text.slice(0, 500)}`, `HTTP_${response.status}`);
    }
    await sleep(BUSY_PAUSE_MS, undefined, request.signal ? { signal: request.signal } : {});
  }
}

const BUSY_PAUSE_MS = 100;
const BUSY_ATTEMPTS = 50;
