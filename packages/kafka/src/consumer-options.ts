import type { PartitionClaim } from "./claim.ts";
import type { KafkaConnection } from "./connection.ts";
import type { ConsumerStall } from "./consumer-stall.ts";
import type { OffsetLostError } from "./errors.ts";
import type { ConsumedRecord } from "./record.ts";

/** Why partitions are given up: the group rebalances, the consumer closes, or it lost its connection or failed. */
export type RevokeReason = "rebalance" | "close" | "crash";

/** Options of {@link startConsumer}. What a callback throws ends the consumer. */
export interface ConsumerOptions extends KafkaConnection {
  groupId: string;
  topics: string[];
  /** Where a group without a committed offset starts: at the first record, or at the end. */
  fromBeginning: boolean;
  /** Partitions were assigned. Nothing of them is handed over before this resolves. */
  onAssigned?: (claims: PartitionClaim[]) => void | Promise<void>;
  /**
   * Partitions are given up. On `close`, the consumer waits for this, and claims can commit until it resolves: finish what is
   * in flight. On `rebalance`, nothing waits: commits count if they are called before this returns. On `crash`, none count.
   */
  onRevoked?: (claims: PartitionClaim[], reason: RevokeReason) => void | Promise<void>;
  /**
   * Records of one partition, in order. Taking them is enough: handle them later, `claim.commit` what is done, and
   * `claim.pause()` when too much is in flight. While this is pending, no more is fetched from the same broker.
   */
  onBatch: (claim: PartitionClaim, records: ConsumedRecord[]) => void | Promise<void>;
  /** The offset to continue from is gone. Answers where to go on; without this, or with undefined, the consumer ends. */
  onOffsetLost?: (error: OffsetLostError) => Promise<bigint | undefined>;
  /** The connection to the group failed. `willRestart` is false when `closed` rejects with the same error. */
  onCrash?: (error: Error, willRestart: boolean) => void;
  /** Nothing comes although something is there; see {@link ConsumerStall}. Told each time that it is found, never once for all. */
  onStalled?: (stall: ConsumerStall) => void;
  /**
   * How long nothing must have come of a partition before the brokers are asked whether there is something. When there is,
   * and still nothing has come after as long again, the consumer is stalled. Default 10,000.
   */
  stallCheckMs?: number;
  /** Without a heartbeat for so long, a member is taken for dead. Default 30,000. */
  sessionTimeoutMs?: number;
  /** How long a rebalance waits for its members. Default 60,000. */
  rebalanceTimeoutMs?: number;
  /** Default 3,000. */
  heartbeatIntervalMs?: number;
  /** How long the broker holds a fetch that finds nothing; also how long `close` and `resume` may take. Default 250. */
  maxWaitMs?: number;
  /** Bytes of one partition in one batch at most. Default 1 MiB. */
  maxPartitionBytes?: number;
}

/** A running consumer. */
export interface ConsumerDriver extends AsyncDisposable {
  /** Resolves after `close`; rejects with the error that ended the consumer. */
  readonly closed: Promise<void>;
  /** What is assigned now. */
  readonly claims: PartitionClaim[];
  /** Stops fetching, waits for `onRevoked`, leaves the group. Rejects as `closed` does. Not to be awaited in `onBatch`, which it awaits. */
  close(): Promise<void>;
}
