/**
 * Records between the asked position and what the stream still holds are gone: they were trimmed after 24 hours, or the
 * shard itself no longer exists. Whoever reads on misses changes, and has to look for them in the table.
 */
export class StreamTrimmedError extends Error {
  override readonly name = "StreamTrimmedError";
  readonly streamArn: string;
  readonly shardId: string;
  readonly afterSequenceNumber: string | undefined;
  /** The shard itself, or its stream, no longer exists; else its oldest records that are left can be read. */
  readonly gone: boolean;

  constructor(
    position: { streamArn: string; shardId: string; afterSequenceNumber: string | undefined },
    { gone, ...options }: { cause: unknown; gone: boolean },
  ) {
    const { streamArn, shardId, afterSequenceNumber } = position;
    super(
      `Stream ${streamArn} no longer holds what follows ${afterSequenceNumber ?? "the start"} of ${shardId}`,
      options,
    );
    this.streamArn = streamArn;
    this.shardId = shardId;
    this.afterSequenceNumber = afterSequenceNumber;
    this.gone = gone;
  }
}
