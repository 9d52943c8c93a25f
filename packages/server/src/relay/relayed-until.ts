import type { Leases } from "../store/control.ts";

/** How far the relays of a table's stream are, by their checkpoints. Undefined: a shard has none, or nothing was relayed. */
export async function relayedUntilMs(
  leases: Pick<Leases, "list">,
  streamArn: string | undefined,
): Promise<number | undefined> {
  if (streamArn === undefined) return undefined;
  const open = (await leases.list(streamArn)).filter(({ finished }) => !finished);
  const times = open.map(({ checkpoint, sinceMs }) => checkpoint?.committedAtMs ?? sinceMs);
  if (times.length === 0 || times.includes(undefined)) return undefined;
  return Math.min(...times.map((time) => time ?? 0));
}
