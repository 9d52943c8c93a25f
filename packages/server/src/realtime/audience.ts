import type { Clock } from "../domain/clock.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { followersKey, sessionsKey } from "./redis-keys.ts";
import { goodRegistrations } from "./registration.ts";

/** Whom something is for. */
export interface Addressees {
  /** Nodes that follow this room are told; undefined: not for following it. */
  readonly roomId: string | undefined;
  /** Nodes that these users are connected to are told. */
  readonly userIds: readonly string[];
}

/** The nodes to be told, each with those of the users who are connected to it. */
export type Audience = ReadonlyMap<string, readonly string[]>;

const atOnce = 500;

export async function findAudience(
  { redis, clock }: { readonly redis: RedisConnection; readonly clock: Clock },
  { roomId, userIds }: Addressees,
): Promise<Audience> {
  const audience = new Map<string, string[]>();
  const [followers, sessions] = await Promise.all([
    roomId === undefined ? {} : redis.run((cluster) => cluster.hgetall(followersKey(roomId))),
    readSessions(redis, userIds),
  ]);
  for (const nodeId of goodRegistrations(followers, clock.nowMs()).keys()) audience.set(nodeId, []);
  for (const [index, fields] of sessions.entries()) {
    for (const nodeId of goodRegistrations(fields, clock.nowMs()).keys()) {
      const users = audience.get(nodeId) ?? [];
      users.push(userIds[index] ?? "");
      audience.set(nodeId, users);
    }
  }
  return audience;
}

async function readSessions(redis: RedisConnection, userIds: readonly string[]): Promise<Record<string, string>[]> {
  const found: Record<string, string>[] = [];
  for (let first = 0; first < userIds.length; first += atOnce) {
    const some = userIds.slice(first, first + atOnce);
    found.push(...(await redis.run((cluster) => Promise.all(some.map((id) => cluster.hgetall(sessionsKey(id)))))));
  }
  return found;
}
