export type BlockedWhy = "unknown_entry_type" | "missing_entries" | "refused_by_kafka" | "refused_by_agent";

/** Going on would skip something. The shard stands still, loudly, until whoever runs the relay has dealt with it. */
export class ShardBlockedError extends Error {
  override name = "ShardBlockedError";
  readonly why: BlockedWhy;
  constructor(why: BlockedWhy, message: string, cause?: unknown) {
    super(message, { cause });
    this.why = why;
  }
}

/** Another worker has the shard: what this one goes on to emit would only be repeats. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";
  constructor(shardId: string) {
    super(`the lease of shard ${shardId} went to another worker`);
  }
}
