import type { Lease, LeaseOutcome, Leases, ShardState } from "../../src/store/control.ts";

/** Leases of shards in memory, by the rules of the control table. */
export function createMemoryLeases(onViolation: (text: string) => void): Leases {
  const groups = new Map<string, Map<string, ShardState>>();
  const groupOf = (streamArn: string) => {
    const group = groups.get(streamArn) ?? new Map<string, ShardState>();
    groups.set(streamArn, group);
    return group;
  };

  function write(lease: Lease, change: (state: ShardState) => Partial<ShardState>): LeaseOutcome {
    const state = groupOf(lease.streamArn).get(lease.shardId);
    if (state === undefined || state.epoch !== lease.epoch || state.owner === undefined) return { kind: "lost" };
    groupOf(lease.streamArn).set(lease.shardId, { ...state, ...change(state) });
    return { kind: "held" };
  }

  return {
    async acquire({ streamArn, shardId, owner, nowMs, ttlMs, sinceMs }) {
      const state = groupOf(streamArn).get(shardId);
      const isHeld = state?.owner !== undefined && state.owner !== owner && state.expiresAtMs > nowMs;
      if (state?.finished || isHeld) return undefined;
      const given: ShardState = {
        shardId,
        owner,
        epoch: (state?.epoch ?? 0) + 1,
        expiresAtMs: nowMs + ttlMs,
        checkpoint: state?.checkpoint,
        sinceMs: state?.sinceMs ?? sinceMs,
        finished: false,
      };
      groupOf(streamArn).set(shardId, given);
      return { streamArn, shardId, owner, epoch: given.epoch, checkpoint: given.checkpoint, sinceMs: given.sinceMs };
    },
    renew: async (lease, { ttlMs, nowMs }) => write(lease, () => ({ expiresAtMs: nowMs + ttlMs })),
    checkpoint: async (lease, checkpoint) =>
      write(lease, (state) => {
        if (state.checkpoint !== undefined && checkpoint.sequenceNumber < state.checkpoint.sequenceNumber)
          onViolation(`the checkpoint of ${lease.shardId} moved backwards`);
        return { checkpoint, sinceMs: checkpoint.committedAtMs };
      }),
    restart: async (lease) => write(lease, () => ({ checkpoint: undefined })),
    finish: async (lease) => write(lease, () => ({ finished: true, owner: undefined })),
    release: async (lease) => write(lease, () => ({ owner: undefined })),
    list: async (streamArn) => [...groupOf(streamArn).values()],
    async settle(streamArn, { shardId, epoch, expiresAtMs }, { nowMs, finished }) {
      const state = groupOf(streamArn).get(shardId);
      if (state?.epoch !== epoch || state.expiresAtMs !== expiresAtMs) return;
      const settled = { ...state, owner: undefined, expiresAtMs: nowMs, finished: finished || state.finished };
      groupOf(streamArn).set(shardId, settled);
    },
  };
}
