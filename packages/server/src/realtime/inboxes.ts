import { randomUUID } from "node:crypto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "@maru/protocol";
import type { Inbox, InboxPlace, InboxRoom } from "../domain/rooms/inbox.ts";
import type { Log } from "../log.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { inboxKey, inboxStateKey, largeRoomsKey } from "./redis-keys.ts";
import type { KeptTails } from "./tails.ts";

/**
 * An inbox lives so long, however often it is read: what a master lost that died before its replica had it is then read from the
 * table again.
 */
const ttlMs = 24 * 60 * 60 * 1000;
/** Who builds one has so long. */
const buildMs = 60_000;
/** A list waits no longer for Redis: to walk takes about as long. */
const waitMs = 250;
const chunkSize = 500;
const complete = "complete";

/** No room's id. It stands in the set of rooms and in that of large ones: if Redis has thrown one out, it is missed. */
const mark = "#";

// Scores are negative times: the latest comes first, and rooms of the same millisecond by id. What is raised while there is no
// inbox is kept for a while, for whoever builds one: the table's index, which they read, follows with a delay.
const expire = `
local left = math.max(redis.call('PTTL', KEYS[1]), 0) + ${buildMs}
redis.call('PEXPIRE', KEYS[2], left)
redis.call('PEXPIRE', KEYS[3], left)`;
const isWhole = `redis.call('ZSCORE', KEYS[2], '${mark}') and redis.call('SISMEMBER', KEYS[3], '${mark}') == 1`;
const scripts = {
  raise: `
redis.call('ZADD', KEYS[2], 'LT', ARGV[1], ARGV[2])
if ARGV[3] == '1' then redis.call('SADD', KEYS[3], ARGV[2]) end
${expire}`,
  begin: `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${buildMs})
redis.call('ZADD', KEYS[2], '+inf', '${mark}')
redis.call('SADD', KEYS[3], '${mark}')
${expire}
return 1`,
  add: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 3 do
  redis.call('ZADD', KEYS[2], 'LT', ARGV[i], ARGV[i + 1])
  if ARGV[i + 2] == '1' then redis.call('SADD', KEYS[3], ARGV[i + 1]) end
end
return 1`,
  finish: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if not (${isWhole}) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
${expire}
return 1`,
  // Whoever has joined again meanwhile has a later score.
  remove: `
for i = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[2], ARGV[i + 1])
  if score and tonumber(score) == tonumber(ARGV[i]) then
    redis.call('ZREM', KEYS[2], ARGV[i + 1])
    redis.call('SREM', KEYS[3], ARGV[i + 1])
  end
end`,
  read: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if not (${isWhole}) then return false end
if redis.call('ZCARD', KEYS[2]) - 1 > tonumber(ARGV[2]) then return false end
local limit = tonumber(ARGV[3])
local found = {}
local at = 0
if ARGV[4] ~= '' then at = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. ARGV[4]) end
while #found < 2 * limit do
  local part = redis.call('ZRANGE', KEYS[2], at, at + limit - 1, 'WITHSCORES')
  if #part == 0 then break end
  for i = 1, #part, 2 do
    local isBehind = ARGV[4] == '' or tonumber(part[i + 1]) > tonumber(ARGV[4]) or part[i] > ARGV[5]
    if isBehind and part[i] ~= '${mark}' and #found < 2 * limit then
      table.insert(found, part[i])
      table.insert(found, part[i + 1])
    end
  end
  at = at + limit
end
return found`,
};

export interface InboxesOptions {
  readonly redis: RedisConnection;
  readonly tails: Pick<KeptTails, "readEntries">;
  /** Rooms with more members are not raised at each entry, but when a list is read. */
  readonly maxListedMembers: number;
  /** Users with more rooms have no inbox. */
  readonly maxRooms: number;
  readonly log: Log;
}

export interface Inboxes extends Inbox {
  /** The room moves up in the lists of these users. Rejects when Redis is away. */
  raise(entry: Entry, userIds: readonly string[]): Promise<void>;
  /** From now on the room's place in the lists of these users is looked up when they are read. Rejects when Redis is away. */
  setAside(entry: Entry, userIds: readonly string[]): Promise<void>;
}

/** The rooms of users by activity, in Redis. */
export function createInboxes(options: InboxesOptions): Inboxes {
  const { redis, tails, maxListedMembers, maxRooms, log } = options;
  const keysOf = (userId: string) => [inboxStateKey(userId), inboxKey(userId), largeRoomsKey(userId)];
  const run = (script: keyof typeof scripts, userId: string, ...args: (string | number)[]) =>
    redis.run((cluster) => cluster.eval(scripts[script], 3, ...keysOf(userId), ...args));

  /** Undefined when Redis is away, or too slow. */
  async function inTime<Result>(what: string, work: Promise<Result>): Promise<Result | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), waitMs);
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      log.debug({ error, what }, "an inbox cannot be used");
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Large rooms move when somebody looks. */
  async function raiseLarge(userId: string): Promise<void> {
    const members = await redis.run((cluster) => cluster.smembers(largeRoomsKey(userId)));
    const roomIds = members.filter((member) => member !== mark);
    if (roomIds.length === 0) return;
    const entries = await tails.readEntries(roomIds);
    await Promise.all(entries.map((entry) => entry && run("raise", userId, scoreOf(entry), entry.roomId, 0)));
  }

  async function find(userId: string, after: InboxPlace | undefined, limit: number) {
    await raiseLarge(userId);
    const place = after === undefined ? ["", ""] : [String(-after.lastEntryAtMs), after.roomId];
    const found = await run("read", userId, complete, maxRooms, limit, ...place);
    return Array.isArray(found) ? toPlaces(found.map(String)) : undefined;
  }

  return {
    async raise(entry, userIds) {
      await Promise.all(userIds.map((userId) => run("raise", userId, scoreOf(entry), entry.roomId, 0)));
    },
    async setAside(entry, userIds) {
      await Promise.all(userIds.map((userId) => run("raise", userId, scoreOf(entry), entry.roomId, 1)));
    },
    read: (userId, after, limit) => inTime("read", find(userId, after, limit)),
    async begin(userId) {
      const token = randomUUID();
      const begun = await inTime("begin", run("begin", userId, token));
      return begun === undefined ? undefined : { complete: (rooms) => inTime("build", build(userId, token, rooms)) };
    },
    async remove(userId, places) {
      const args = places.flatMap(({ roomId, lastEntryAtMs }) => [-lastEntryAtMs, roomId]);
      if (args.length > 0) await inTime("remove", run("remove", userId, ...args));
    },
  };

  async function build(userId: string, token: string, rooms: readonly InboxRoom[]): Promise<void> {
    for (let from = 0; from < rooms.length; from += chunkSize) {
      const args = rooms
        .slice(from, from + chunkSize)
        .flatMap(({ roomId, lastEntryAtMs, memberCount }) => [
          -lastEntryAtMs,
          roomId,
          memberCount > maxListedMembers ? 1 : 0,
        ]);
      await run("add", userId, token, ...args);
    }
    await run("finish", userId, token, complete, ttlMs);
  }
}

function scoreOf({ createdAt }: Entry): number {
  return createdAt === undefined ? 0 : -timestampMs(createdAt);
}

function toPlaces(found: readonly string[]): InboxPlace[] {
  return Array.from({ length: found.length / 2 }, (_, n) => ({
    roomId: found[2 * n] ?? "",
    lastEntryAtMs: -Number(found[2 * n + 1]),
  }));
}
