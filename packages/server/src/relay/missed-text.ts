export interface Missed {
  readonly streamArn: string;
  /** Whose item in the control table holds the relay back. */
  readonly shardId: string;
  /** What was committed before was handed on; undefined when nothing was. */
  readonly sinceMs: number | undefined;
}

/** For whoever finds the relay standing still: what is the matter, and what can be done. */
export function missedText({ streamArn, shardId, sinceMs }: Missed): string {
  const since = sinceMs === undefined ? "its first record" : new Date(sinceMs).toISOString();
  return (
    `the relay was away for longer than the 24 hours that the table's stream keeps: what shard ${shardId} held since ${since} ` +
    `may be missing from Kafka. To go on without it, delete the item "shards#${streamArn}", "${shardId}" of the control table`
  );
}
