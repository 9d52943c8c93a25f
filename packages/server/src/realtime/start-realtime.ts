import { randomUUID } from "node:crypto";
import type { Clock } from "../domain/clock.ts";
import type { Log } from "../log.ts";
import { createFollowedRooms } from "./followed-rooms.ts";
import { createInboxes } from "./inboxes.ts";
import { NodeHearing } from "./node-hearing.ts";
import { createPublisher } from "./publisher.ts";
import type { NodeListener, Realtime, RoomMembers } from "./realtime.ts";
import { openRedis, type RedisConnectionOptions } from "./redis-connection.ts";
import { createSessions } from "./sessions.ts";
import { createTails } from "./tails.ts";

export interface RealtimeOptions {
  readonly redis: Omit<RedisConnectionOptions, "log">;
  readonly listener: NodeListener;
  readonly roomMembers: RoomMembers;
  readonly maxListedMembers: number;
  /** Users with more rooms have no inbox. */
  readonly maxInboxRooms: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: 2 s between two signs of life, 20 s between two rounds through what is registered. */
  readonly probeMs?: number;
  readonly refreshMs?: number;
}

/** Makes this process a node. Where Redis is away it starts all the same, late until Redis is there. */
export async function startRealtime(options: RealtimeOptions): Promise<Realtime> {
  const { listener, roomMembers, maxListedMembers, clock, log } = options;
  const nodeId = randomUUID();
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(openRedis({ ...options.redis, log }));
  const sessions = createSessions({ redis, nodeId, clock });
  const followedRooms = createFollowedRooms({ redis, nodeId, clock });
  const tails = createTails(redis);
  const inboxes = createInboxes({ redis, tails, maxListedMembers, maxRooms: options.maxInboxRooms, log });
  const hearing = starting.use(
    new NodeHearing({
      redis,
      nodeId,
      listener,
      registrations: [sessions.registrations, followedRooms.registrations],
      clock,
      log,
      probeMs: options.probeMs ?? 2_000,
      refreshMs: options.refreshMs ?? 20_000,
    }),
  );
  await hearing.start(options.redis.timeoutMs);
  const started = starting.move();
  return {
    nodeId,
    sessions,
    followedRooms,
    publisher: createPublisher({ redis, roomMembers, maxListedMembers, tails, inboxes, clock, log }),
    tails,
    inboxes,
    get trouble() {
      return hearing.trouble;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
