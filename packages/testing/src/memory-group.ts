import type { RevokeReason } from "@maru/kafka";
import type { BrokerWeather } from "./broker-weather.ts";

/** A member, as its group sees it. */
export interface GroupMember {
  readonly topics: readonly string[];
  /** The group begins anew: the member gives up what it has. What it commits before this returns counts. */
  revoke(reason: RevokeReason): void;
  assign(partitions: readonly { topic: string; partition: number }[], generation: number): void;
}

/** A consumer group: who is in it, what each has, and how far the group is. */
export interface MemoryGroup {
  readonly generation: number;
  /** Resolves when the member has its partitions. */
  join(member: GroupMember): Promise<void>;
  leave(member: GroupMember): Promise<void>;
  /** All members give up what they have, and get partitions anew. */
  rebalance(): Promise<void>;
  /** The group gives the member's partitions away, and the member does not know. */
  expel(member: GroupMember): Promise<void>;
  /** A member that was expelled notices: it gives up what it believed to have, and joins. */
  readmit(member: GroupMember): Promise<void>;
  readonly members: readonly GroupMember[];
  committed(topic: string): Map<number, bigint>;
  /** Says whether the offset was stored: not one of an old generation. */
  commit(
    from: { member: GroupMember; generation: number },
    at: { topic: string; partition: number },
    next: bigint,
  ): boolean;
  /** Forgets how far the group is. */
  forget(topic?: string): void;
}

export interface MemoryGroupDeps {
  readonly partitionCount: (topic: string) => number;
  readonly weather: BrokerWeather;
}

export function createMemoryGroup({ partitionCount, weather }: MemoryGroupDeps): MemoryGroup {
  const offsets = new Map<string, Map<number, bigint>>();
  const expelled = new Set<GroupMember>();
  let members: readonly GroupMember[] = [];
  let generation = 0;
  let running: Promise<void> | undefined;
  let isDue = false;

  /** One at a time; what happens meanwhile makes for another one. */
  function rebalance(): Promise<void> {
    isDue = true;
    running ??= run();
    return running;
  }

  async function run(): Promise<void> {
    while (isDue) {
      isDue = false;
      for (const member of members) member.revoke("rebalance");
      generation++;
      await weather.before("join");
      if (isDue) continue;
      for (const [member, partitions] of shareOut(members, partitionCount)) member.assign(partitions, generation);
    }
    running = undefined;
  }

  async function join(member: GroupMember): Promise<void> {
    members = [...members, member];
    await rebalance();
    await weather.after("join");
  }

  const without = (member: GroupMember) => members.filter((one) => one !== member);
  return {
    get generation() {
      return generation;
    },
    get members() {
      return members;
    },
    join,
    async leave(member) {
      expelled.delete(member);
      if (!members.includes(member)) return;
      members = without(member);
      if (members.length > 0) await rebalance();
    },
    rebalance,
    async expel(member) {
      members = without(member);
      expelled.add(member);
      await rebalance();
    },
    async readmit(member) {
      if (!expelled.delete(member)) return;
      member.revoke("rebalance");
      await join(member);
    },
    committed: (topic) => new Map(offsets.get(topic)),
    commit(from, { topic, partition }, next) {
      if (from.generation !== generation || !members.includes(from.member)) return false;
      const ofTopic = offsets.get(topic) ?? new Map<number, bigint>();
      offsets.set(topic, ofTopic.set(partition, next));
      return true;
    },
    forget(topic) {
      if (topic === undefined) offsets.clear();
      else offsets.delete(topic);
    },
  };
}

/** Round robin, as `@maru/kafka` has it. */
export function shareOut(
  members: readonly GroupMember[],
  partitionCount: (topic: string) => number,
): Map<GroupMember, { topic: string; partition: number }[]> {
  const shares = new Map<GroupMember, { topic: string; partition: number }[]>(members.map((member) => [member, []]));
  for (const topic of new Set(members.flatMap((member) => member.topics))) {
    const takers = members.filter((member) => member.topics.includes(topic));
    for (let partition = 0; partition < partitionCount(topic); partition++) {
      const taker = takers[partition % takers.length];
      if (taker !== undefined) shares.get(taker)?.push({ topic, partition });
    }
  }
  return shares;
}
