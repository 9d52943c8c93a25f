import type { Push } from "@maru/protocol/realtime";
import { createLog } from "../../src/log.ts";
import type { Realtime, RoomMembers } from "../../src/realtime/realtime.ts";
import {
  openRedis,
  type RedisConnection,
  type RedisConnectionOptions,
  toAddress,
} from "../../src/realtime/redis-connection.ts";
import { startRealtime } from "../../src/realtime/start-realtime.ts";

export const silentLog = createLog("silent");
export const clock = { nowMs: Date.now };

/** A node with what it was told. */
export interface TestNode extends Realtime {
  readonly pushes: Push[];
  readonly interruptions: number[];
  /** Numbers of the entries that were pushed, with those for whom, if somebody was named. */
  seen(): string[];
}

export interface TestNodeOptions extends Partial<Pick<RedisConnectionOptions, "natMap" | "timeoutMs">> {
  readonly roomMembers?: RoomMembers;
  readonly maxListedMembers?: number;
}

export function membersOf(rooms: Readonly<Record<string, readonly string[]>>): RoomMembers {
  return {
    async userIdsOf(roomId, _stateSeq, maxMembers) {
      const userIds = rooms[roomId] ?? [];
      return userIds.length > maxMembers ? undefined : userIds;
    },
  };
}

/** Quick in all it does by time. */
export async function startNode(nodes: readonly string[], options: TestNodeOptions = {}): Promise<TestNode> {
  const pushes: Push[] = [];
  const interruptions: number[] = [];
  const { roomMembers = membersOf({}), maxListedMembers = 100, timeoutMs = 1_000, natMap } = options;
  const realtime = await startRealtime({
    redis: { nodes, timeoutMs, ...(natMap !== undefined && { natMap }) },
    listener: {
      pushed: (push) => void pushes.push(push),
      interrupted: (sinceMs) => void interruptions.push(sinceMs),
    },
    roomMembers,
    maxListedMembers,
    maxInboxRooms: 1_000,
    clock,
    log: silentLog,
    probeMs: 50,
    refreshMs: 200,
  });
  return Object.defineProperties(Object.create(realtime), {
    pushes: { value: pushes },
    interruptions: { value: interruptions },
    seen: { value: () => pushes.flatMap(toSeen) },
  }) as TestNode;
}

function toSeen({ kind, userIds }: Push): string[] {
  const whom = userIds.length === 0 ? "" : ` for ${[...userIds].sort().join(" ")}`;
  if (kind.case !== "entries") return [`${kind.case}${whom}`];
  return kind.value.entries.map(({ seq }) => `${seq}${whom}`);
}

/** Commands to one node of Redis, past all that is tested. */
export async function withRedis<Result>(
  address: string,
  work: (redis: ReturnType<RedisConnection["plain"]>) => Promise<Result>,
): Promise<Result> {
  await using connection = openRedis({ nodes: [address], timeoutMs: 2_000, log: silentLog });
  const redis = connection.plain(toAddress(address));
  await redis.connect();
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
