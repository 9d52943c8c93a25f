import { redisCommand } from "./redis-command.ts";

/** Empties the nodes of a Redis Cluster, `host:port` each: masters lose all they have, replicas follow them. */
export async function flushRedis(nodes: readonly string[]): Promise<void> {
  // A replica refuses, and a node that is away has nothing.
  await Promise.allSettled(nodes.map((node) => redisCommand(Number(node.split(":").at(-1)), "FLUSHALL")));
}
