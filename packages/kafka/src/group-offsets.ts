import type { Admin } from "kafkajs";
import { askBrokers } from "./admin.ts";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { committedOf } from "./topics.ts";

const LIMIT_MS = 20_000;

/**
 * The offsets where every consumer group goes on reading a topic, by group and partition; groups that have none there are
 * left out. Asks for one group after the other, so its time grows with the number of groups of the cluster.
 *
 * @throws KafkaError
 * @example
 * for (const [group, offsets] of await groupOffsets(connection, topic)) console.log(group, offsets.get(0));
 */
export async function groupOffsets(
  connection: KafkaConnection,
  topic: string,
): Promise<Map<string, Map<number, bigint>>> {
  const ask = async (admin: Admin) => {
    const { groups } = await admin.listGroups();
    const found = new Map<string, Map<number, bigint>>();
    for (const { groupId, protocolType } of groups) {
      // An empty type: the group has offsets and never had a member.
      if (protocolType !== "consumer" && protocolType !== "") continue;
      const offsets = await committedOf(admin, groupId, topic);
      if (offsets.size > 0) found.set(groupId, offsets);
    }
    return found;
  };
  const patience = { signal: new AbortController().signal, limitMs: LIMIT_MS };
  return askBrokers(openKafka(connection), `read the offsets of the groups of ${topic}`, ask, patience);
}
