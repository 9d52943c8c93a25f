import { createClient, type TableClient } from "@maru/server/store/client.ts";

/** Where Maru's tables are. */
export interface TargetOptions {
  /** Undefined: AWS's own of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly table: string;
  readonly controlTable: string;
  /** Undefined: found as AWS documents it. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface Target extends Disposable {
  readonly client: TableClient;
  readonly table: string;
  readonly controlTable: string;
}

export function connectTarget({ endpoint, region, table, controlTable, credentials }: TargetOptions): Target {
  const client = createClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    maxAttempts: 8,
    connectionTimeoutMs: 2_000,
    requestTimeoutMs: 30_000,
    maxSockets: 256,
  });
  return { client, table, controlTable, [Symbol.dispose]: () => client.destroy() };
}
