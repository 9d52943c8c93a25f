import { type Assigner, type PartitionAssigner, PartitionAssigners } from "kafkajs";
import { chainOf } from "./failure.ts";

const REJOIN = new Set([
  "REBALANCE_IN_PROGRESS",
  "NOT_COORDINATOR_FOR_GROUP",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
]);

/** Round robin, which also says when the consumer is about to join: from then on its partitions may be somebody else's. */
export function announcingAssigner(onJoining: () => void): PartitionAssigner {
  return (config): Assigner => {
    const roundRobin = PartitionAssigners.roundRobin(config);
    return {
      ...roundRobin,
      protocol(subscription) {
        onJoining();
        return roundRobin.protocol(subscription);
      },
    };
  };
}

/**
 * Waits for `work` and heartbeats meanwhile, so that a long wait does not cost the membership. When the group rebalances,
 * rejects at once with the error that makes kafkajs join again.
 */
export async function whileHeartbeating(
  heartbeat: () => Promise<void>,
  intervalMs: number,
  work: Promise<void>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        if (chainOf(error).some((e) => REJOIN.has((e as { type?: string }).type ?? ""))) reject(error);
      });
    }, intervalMs);
  });
  try {
    await Promise.race([work, ended]);
  } finally {
    clearInterval(timer);
  }
}
