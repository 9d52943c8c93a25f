import type { TopicPartition } from "./errors.ts";

/** A partition of which nothing comes. */
export interface StalledPartition extends TopicPartition {
  /** The offset that should be fetched next; negative while it is not known. */
  readonly position: bigint;
  /** The offset that the next record of the partition will get; negative while it is not known. */
  readonly highOffset: bigint;
}

/** What {@link ConsumerOptions.onStalled} is told: the consumer would be silent, and without this nobody would know. */
export interface ConsumerStall {
  /**
   * `behind`: records lie ahead of the position, nobody has paused, and they do not come. `unplaced`: it cannot be found out
   * where assigned partitions start. `uncommitted`: a commit has not been answered. `unjoined`: the group does not let the
   * consumer in. `unanswered`: nothing comes, and the brokers do not say whether there is something.
   */
  readonly what: "behind" | "unplaced" | "uncommitted" | "unjoined" | "unanswered";
  /** Those that are concerned; none for `unjoined`. */
  readonly partitions: readonly StalledPartition[];
  /** For how long it has been so, in milliseconds. */
  readonly quietMs: number;
  /**
   * Whether the consumer now leaves the group and joins it anew with fresh connections. Otherwise it has just done that, and
   * waits to see if it helps; `unanswered` alone is no reason.
   */
  readonly willRejoin: boolean;
  /** What the brokers answered, for `unanswered` and for a rejoin that failed. */
  readonly cause?: unknown;
}
