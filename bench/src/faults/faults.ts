import { setTimeout as sleep } from "node:timers/promises";
import { clusterState, type NodeHandle } from "@maru/devstack";
import type { RelayWorld } from "./relay-world.ts";

export const faultNames = ["relay", "leader", "rolling"] as const;
export type FaultName = (typeof faultNames)[number];

export interface Fault {
  readonly title: string;
  /** So many sends a second leave enough of them for the whole time of the fault. */
  readonly sendsPerSecond: number;
  /** Resolves when all is up again. */
  readonly run: (world: RelayWorld, signal: AbortSignal) => Promise<void>;
}

/** What happens while messages are sent. */
export const faults: Record<FaultName, Fault> = {
  relay: {
    title: "the relay is killed and started again",
    sendsPerSecond: 400,
    async run({ relay }, signal) {
      await relay.kill();
      await sleep(1_000, undefined, { signal });
      await relay.start();
      await relay.waitUntilHealthy();
    },
  },
  leader: {
    title: "the broker that leads most partitions is killed and comes back after 10 s",
    sendsPerSecond: 200,
    async run(world, signal) {
      const leader = await leadingBroker(world);
      await leader.kill();
      await sleep(10_000, undefined, { signal });
      await leader.start();
      await leader.waitUntilHealthy();
    },
  },
  rolling: {
    title: "the three brokers are stopped and started again, one after the other",
    sendsPerSecond: 100,
    async run({ stack }, signal) {
      for (const id of [1, 2, 3]) {
        signal.throwIfAborted();
        const broker = stack.kafka?.node(id);
        await broker?.stop();
        await broker?.start();
        await broker?.waitUntilHealthy();
      }
    },
  },
};

async function leadingBroker({ stack, topic }: RelayWorld): Promise<NodeHandle> {
  const kafka = stack.kafka;
  if (kafka === undefined) throw new Error("there are no brokers");
  const { partitions } = await clusterState(Number(kafka.brokers[0]?.split(":")[1]));
  const leaders = partitions.filter((one) => one.topic === topic).map(({ leader }) => leader);
  const ledBy = (id: number) => leaders.filter((leader) => leader === id).length;
  const [id = 0] = [1, 2, 3].sort((a, b) => ledBy(b) - ledBy(a));
  if (ledBy(id) === 0) throw new Error(`no broker leads a partition of ${topic}`);
  return kafka.node(id);
}
