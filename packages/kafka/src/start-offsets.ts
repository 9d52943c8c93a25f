import type { Kafka } from "kafkajs";
import { askBrokers, type Patience } from "./admin.ts";
import type { ClaimStart } from "./claim.ts";
import type { TopicPartition } from "./errors.ts";
import { committedOf, offsetsOf, type PartitionOffsets } from "./topics.ts";

/** Where a partition starts, and what it holds. */
export interface StartOffset extends PartitionOffsets {
  topic: string;
  offset: bigint;
  startsFrom: Exclude<ClaimStart, "lost">;
}

/** Where the group goes on in each partition: its committed offset, or else the beginning or the end. */
export async function fetchStartOffsets(
  kafka: Kafka,
  group: { groupId: string; fromBeginning: boolean },
  partitions: readonly TopicPartition[],
  how: Patience,
): Promise<StartOffset[]> {
  const ask = async (topic: string) =>
    askBrokers(
      kafka,
      `read the offsets of group ${group.groupId}`,
      async (admin) => {
        const committed = await committedOf(admin, group.groupId, topic);
        const wanted = (await offsetsOf(admin, topic)).filter((o) =>
          partitions.some((p) => p.topic === topic && p.partition === o.partition),
        );
        return wanted.map((o) => {
          const offset = committed.get(o.partition);
          if (offset !== undefined) return { ...o, topic, offset, startsFrom: "committed" as const };
          if (group.fromBeginning) return { ...o, topic, offset: o.lowOffset, startsFrom: "oldest" as const };
          return { ...o, topic, offset: o.highOffset, startsFrom: "newest" as const };
        });
      },
      how,
    );
  const topics = [...new Set(partitions.map((p) => p.topic))];
  return (await Promise.all(topics.map(ask))).flat();
}
