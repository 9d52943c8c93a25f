import { surelyKeptMs } from "../domain/repair.ts";
import type { ShardState } from "../store/control.ts";
import type { Shard } from "../store/stream.ts";

export interface ShardPlan {
  /** May be read now, by whoever has their lease: not read to the end, and their parents are. */
  readonly readable: readonly string[];
  /** Of the readable ones, those that nobody holds. */
  readonly free: readonly string[];
  /** Nobody can read on where these were left, and nobody holds them. */
  readonly missed: readonly MissedShard[];
}

export interface MissedShard extends ShardState {
  /** Nothing is left of it to read. */
  readonly gone: boolean;
}

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
    state !== undefined &&
    state.expiresAtMs < nowMs - surelyKeptMs &&
    (state.finished || state.checkpoint === undefined);

  const due = shards.filter(
    ({ shardId, parentShardId }) => !isFinished(shardId) && (parentShardId === undefined || isDone(parentShardId)),
  );
  const readable = due.filter((shard) => !isStale(lastReader(shard))).map((shard) => shard.shardId);
  // Who holds a shard that is gone finds out when it reads on.
  const gone = states.filter((state) => !state.finished && !listed.has(state.shardId) && !isHeld(state));
  const stale = due.map(lastReader).filter((state) => state !== undefined) as ShardState[];
  return {
    readable,
    free: readable.filter((shardId) => !isHeld(stateOf.get(shardId))),
    missed: [
      ...gone.map((state) => ({ ...state, gone: true })),
      ...[...new Set(stale.filter(isStale))].map((state) => ({ ...state, gone: false })),
    ],
  };
}

/** So many shards each of the workers may hold. */
export function shareOf(shardCount: number, workerCount: number): number {
  return Math.ceil(shardCount / Math.max(1, workerCount));
}
