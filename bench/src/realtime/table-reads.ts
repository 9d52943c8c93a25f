import type { ServerNode } from "@maru/devstack/servers";

/** What servers asked the table for. */
export interface TableReads {
  readonly requests: number;
  readonly readUnits: number;
  minus(other: TableReads): TableReads;
}

/** Of all servers together, since they started. */
export async function tableReads(servers: readonly ServerNode[]): Promise<TableReads> {
  const pages = await Promise.all(
    servers.map(async ({ httpAddress }) => (await fetch(`http://${httpAddress}/metrics`)).text()),
  );
  const sum = (pattern: RegExp) =>
    pages.flatMap((page) => [...page.matchAll(pattern)]).reduce((total, [, value]) => total + Number(value), 0);
  return toReads(
    sum(/^maru_store_requests_total\{[^}]*\} (\S+)$/gm),
    sum(/^maru_store_units_total\{[^}]*kind="read"[^}]*\} (\S+)$/gm),
  );
}

function toReads(requests: number, readUnits: number): TableReads {
  return {
    requests,
    readUnits,
    minus: (other) => toReads(requests - other.requests, readUnits - other.readUnits),
  };
}
