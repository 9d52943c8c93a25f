import type { ShardState } from "../store/control.ts";
import type { Shard } from "../store/stream.ts";

export interface ShardPlan {
  /** May be read now, by whoever has their lease: not read to the end, and their parents are. */
  readonly readable: readonly string[];
  /** Of the readable ones, those that nobody holds. */
  readonly free: readonly string[];
  /** Nobody can read on where these were left. */
  readonly missed: readonly ShardState[];
}

/** The stream keeps records for 24 hours. One less, for clocks that differ and for reading that takes its time. */
const KEPT_MS = 23 * 3_600_000;

/** A room's records move from a shard to its children when it is closed, so parents come before children. */
export function planShards(shards: readonly Shard[], states: readonly ShardState[], nowMs: number): ShardPlan {
  const stateOf = new Map(states.map((state) => [state.shardId, state]));
  const listed = new Set(shards.map((shard) => shard.shardId));
  const isFinished = (shardId: string) => stateOf.get(shardId)?.finished ?? false;
  // A parent that is neither listed nor known was trimmed before this relay came to be.
  const isDone = (shardId: string) => isFinished(shardId) || !(listed.has(shardId) || stateOf.has(shardId));
  const isHeld = (state: ShardState | undefined) => state?.owner !== undefined && state.expiresAtMs > nowMs;
  // Without a checkpoint a shard is read from the oldest record that is left, which says nothing of older ones.
  const lastReader = ({ shardId, parentShardId = "" }: Shard) => stateOf.get(shardId) ?? stateOf.get(parentShardId);
  const isStale = (state: ShardState | undefined) =>
    state !== undefined && state.expiresAtMs < nowMs - KEPT_MS && (state.finished || state.checkpoint === undefined);

  const due = shards.filter(
    ({ shardId, parentShardId }) => !isFinished(shardId) && (parentShardId === undefined || isDone(parentShardId)),
  );
  const readable = due.filter((shard) => !isStale(lastReader(shard))).map((shard) => shard.shardId);
  const gone = states.filter((state) => !state.finished && !listed.has(state.shardId));
  const stale = due.map(lastReader).filter((state) => state !== undefined && isStale(state)) as ShardState[];
  return {
    readable,
    free: readable.filter((shardId) => !isHeld(stateOf.get(shardId))),
    missed: [...new Set([...gone, ...stale])],
  };
}

/** So many shards each of the workers may hold. */
export function shareOf(shardCount: number, workerCount: number): number {
  return Math.ceil(shardCount / Math.max(1, workerCount));
}
