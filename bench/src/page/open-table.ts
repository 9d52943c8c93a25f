import { tableClientOptions } from "@maru/server/commands/connections.ts";
import { readConfig } from "@maru/server/config.ts";
import { createClient } from "@maru/server/store/client.ts";
import type { TableAccess } from "@maru/server/store/table-access.ts";

/** The table by the server's own client, with the settings of a server. */
export function openTable(env: NodeJS.ProcessEnv): TableAccess & Disposable {
  const config = readConfig(env);
  const client = createClient(tableClientOptions(config));
  return {
    client,
    tableName: config.table,
    onConsumed: () => undefined,
    [Symbol.dispose]: () => client.destroy(),
  };
}
