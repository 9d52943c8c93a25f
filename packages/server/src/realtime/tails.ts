import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";
import { withoutHeldContent } from "../domain/messages/visible.ts";
import type { Tails } from "./realtime.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { tailKey } from "./redis-keys.ts";

/** A room in which nothing happened for so long is read from the table. */
const tailTtlMs = 7 * 24 * 60 * 60 * 1000;

/** Whoever comes late does not take back what a faster one said. */
const raise = `
local seq = redis.call('HGET', KEYS[1], 'seq')
if seq and tonumber(seq) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'entry', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

export interface KeptTails extends Tails {
  /** The newest entry of a room that was published, unless a newer one is known; held messages without content. */
  raise(entry: Entry): Promise<void>;
  /** In the order of the rooms; undefined where nothing is known. Rejects when Redis is away. */
  readEntries(roomIds: readonly string[]): Promise<(Entry | undefined)[]>;
}

export function createTails(redis: RedisConnection): KeptTails {
  return {
    async raise(entry) {
      const bytes = Buffer.from(toBinary(EntrySchema, withoutHeldContent(entry)));
      await redis.run((cluster) => cluster.eval(raise, 1, tailKey(entry.roomId), entry.seq, bytes, tailTtlMs));
    },
    async readSeq(roomId) {
      const seq = await redis.run((cluster) => cluster.hget(tailKey(roomId), "seq"));
      return seq === null ? undefined : Number(seq);
    },
    async readEntries(roomIds) {
      const found = await redis.run((cluster) =>
        Promise.all(roomIds.map((roomId) => cluster.hgetBuffer(tailKey(roomId), "entry"))),
      );
      return found.map((bytes) => (bytes === null ? undefined : fromBinary(EntrySchema, bytes)));
    },
  };
}
