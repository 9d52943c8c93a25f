import type { Leases } from "../store/control.ts";

/** The streams that a table has had. A stream that was turned off and on again is another, and the old one comes first. */
export interface StreamHistory {
  /** The oldest stream that was not read to its end, at last the newest one. `onFirst` comes before the first is remembered. */
  toRead(newestArn: string, onFirst: () => Promise<void>): Promise<string>;
  finish(streamArn: string): Promise<void>;
}

export interface StreamHistoryDeps {
  readonly leases: Leases;
  readonly tableName: string;
  readonly owner: string;
  readonly leaseTtlMs: number;
  readonly nowMs: () => number;
}

/** A stream is remembered as a shard that is finished when all of its own are. */
export function createStreamHistory(deps: StreamHistoryDeps): StreamHistory {
  const { leases, owner, leaseTtlMs, nowMs } = deps;
  const group = `streams of ${deps.tableName}`;
  const acquire = (shardId: string) =>
    leases.acquire({ streamArn: group, shardId, owner, ttlMs: leaseTtlMs, nowMs: nowMs() });
  return {
    async toRead(newestArn, onFirst) {
      const known = await leases.list(group);
      if (known.length === 0) await onFirst();
      if (!known.some((stream) => stream.shardId === newestArn)) {
        const noted = await acquire(newestArn);
        if (noted !== undefined) await leases.release(noted);
      }
      // A stream's name ends with the time at which it was made.
      const [oldest] = known.flatMap((stream) => (stream.finished ? [] : [stream.shardId])).toSorted();
      return oldest ?? newestArn;
    },
    async finish(streamArn) {
      const lease = await acquire(streamArn);
      if (lease !== undefined) await leases.finish(lease);
    },
  };
}
