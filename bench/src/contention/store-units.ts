import type { ServerNode } from "@maru/devstack/servers";

/** What servers have taken from the table so far: as the table reports it, each refused put counted as a write. */
export interface StoreUnits {
  readonly write: number;
  readonly read: number;
  /** Puts that lost their number to another server. */
  readonly lostPuts: number;
}

export async function storeUnits(servers: readonly ServerNode[]): Promise<StoreUnits> {
  const texts = await Promise.all(
    servers.map(async ({ httpAddress }) => (await fetch(`http://${httpAddress}/metrics`)).text()),
  );
  const all = texts.join("\n");
  return {
    write: sumOf(all, /^maru_store_units_total\{[^}]*kind="write"[^}]*\} (\S+)$/gm),
    read: sumOf(all, /^maru_store_units_total\{[^}]*kind="read"[^}]*\} (\S+)$/gm),
    lostPuts: sumOf(all, /^maru_appends_lost_total (\S+)$/gm),
  };
}

function sumOf(text: string, value: RegExp): number {
  return [...text.matchAll(value)].reduce((sum, match) => sum + Number(match[1]), 0);
}
