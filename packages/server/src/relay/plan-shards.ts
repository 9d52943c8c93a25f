import type { ShardState } from "../store/control.ts";
import type { Shard } from "../store/stream.ts";

export interface ShardPlan {
  /** May be read now, by whoever has their lease: not read to the end, and their parents are. */
  readonly readable: readonly string[];
  /** Of the readable ones, those that nobody holds. */
  readonly free: readonly string[];
  /** Were being read, and the stream no longer has them: what was left in them is missed. */
  readonly gone: readonly ShardState[];
}

/** A room's records move from a shard to its children when it is closed, so parents come before children. */
export function planShards(shards: readonly Shard[], states: readonly ShardState[], nowMs: number): ShardPlan {
  const stateOf = new Map(states.map((state) => [state.shardId, state]));
  const listed = new Set(shards.map((shard) => shard.shardId));
  const isFinished = (shardId: string) => stateOf.get(shardId)?.finished ?? false;
  // A parent that is neither listed nor known was trimmed before this relay came to be.
  const isDone = (shardId: string) => isFinished(shardId) || !(listed.has(shardId) || stateOf.has(shardId));
  const isHeld = (shardId: string) => {
    const state = stateOf.get(shardId);
    return state?.owner !== undefined && state.expiresAtMs > nowMs;
  };
  const readable = shards
    .filter(
      ({ shardId, parentShardId }) => !isFinished(shardId) && (parentShardId === undefined || isDone(parentShardId)),
    )
    .map((shard) => shard.shardId);
  return {
    readable,
    free: readable.filter((shardId) => !isHeld(shardId)),
    gone: states.filter((state) => !state.finished && !listed.has(state.shardId)),
  };
}

/** So many shards each of the workers may hold. */
export function shareOf(shardCount: number, workerCount: number): number {
  return Math.ceil(shardCount / Math.max(1, workerCount));
}
