import type { Config } from "../config.ts";
import type { Realtime } from "../realtime/realtime.ts";
import type { RedisConnectionOptions } from "../realtime/redis-connection.ts";
import { startRealtime } from "../realtime/start-realtime.ts";
import type { RealtimeUse, ServerParts } from "./server-parts.ts";

/** Makes this process a node; undefined where no Redis is configured. Redis may be away: the process starts all the same. */
export async function openRealtime(
  { config, log, clock }: Pick<ServerParts, "config" | "log" | "clock">,
  { listener, roomMembers }: RealtimeUse,
): Promise<Realtime | undefined> {
  if (config.redisNodes.length === 0) return undefined;
  return startRealtime({
    redis: redisOptions(config),
    listener,
    roomMembers,
    maxListedMembers: config.realtimeMaxListedMembers,
    maxInboxRooms: config.listRoomsMax,
    clock,
    log,
  });
}

function redisOptions(config: Config): Omit<RedisConnectionOptions, "log"> {
  return {
    nodes: config.redisNodes,
    username: config.redisUsername,
    password: config.redisPassword,
    tls: config.redisTls ? { ca: config.redisTlsCa } : undefined,
    timeoutMs: config.redisTimeoutMs,
  };
}
