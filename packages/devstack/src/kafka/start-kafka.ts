import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine-context.ts";
import { KAFKA } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { StackOptionsError } from "../errors.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle } from "../processes/engine-node.ts";
import { waitUntil } from "../wait-until.ts";
import { type ClusterState, clusterState } from "./cluster-state.ts";
import { type KafkaNodePorts, kafkaProperties } from "./kafka-properties.ts";

/** Starts 1 or 3 nodes, each broker and controller, and resolves when every one of them knows all. */
export async function startKafka(context: EngineContext, options: { brokers: 1 | 3 }): Promise<NodeHandle[]> {
  const { classPath } = await context.fetch((deps) => fetchEngine(deps, KAFKA));
  const folder = join(context.folder, "kafka");
  await mkdir(folder, { recursive: true });
  const clusterId = await keptClusterId(folder, options.brokers);
  const found = await freePorts(options.brokers * 2);
  const ports = Array.from({ length: options.brokers }, (_, index): KafkaNodePorts => {
    return { broker: found[2 * index] ?? 0, controller: found[2 * index + 1] ?? 0 };
  });

  const nodes = await Promise.all(
    ports.map(async ({ broker }, index) => {
      const nodeId = index + 1;
      const file = join(folder, `node-${nodeId}.properties`);
      await writeFile(file, kafkaProperties({ nodeId, ports, dataFolder: join(folder, `data-${nodeId}`) }));
      const jvm = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
      return engineNode(context.supervisor, {
        id: nodeId,
        name: `kafka-${nodeId}`,
        address: `127.0.0.1:${broker}`,
        command: context.java,
        args: [...jvm, "-cp", classPath, "KafkaNode", file, clusterId],
        cwd: folder,
        logFile: join(folder, `kafka-${nodeId}.log`),
        isHealthy: async () => isFullMember(await clusterState(broker), { clusterId, nodeId }),
      });
    }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  await Promise.all(nodes.map((node) => node.waitUntilHealthy()));
  await Promise.all(ports.map(({ broker }) => waitForBrokers(broker, options.brokers)));
  return nodes;
}

/** The cluster's id stays with its data: a node refuses a folder that was formatted for another cluster. */
async function keptClusterId(folder: string, brokers: number): Promise<string> {
  const file = join(folder, "cluster.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) {
    const clusterId = randomBytes(16).toString("base64url").replaceAll("-", "A");
    await writeFile(`${file}.partial`, JSON.stringify({ clusterId, brokers }));
    await rename(`${file}.partial`, file);
    return clusterId;
  }
  const kept = JSON.parse(text) as { clusterId: string; brokers: number };
  if (kept.brokers !== brokers) {
    throw new StackOptionsError(`The data in ${folder} is that of ${kept.brokers} Kafka broker(s), not of ${brokers}.`);
  }
  return kept.clusterId;
}

function isFullMember(state: ClusterState, node: { clusterId: string; nodeId: number }): boolean {
  const caughtUp = state.partitions.every(
    ({ replicas, inSync, leader }) => leader >= 0 && (!replicas.includes(node.nodeId) || inSync.includes(node.nodeId)),
  );
  return state.clusterId === node.clusterId && state.brokerIds.includes(node.nodeId) && caughtUp;
}

async function waitForBrokers(port: number, brokers: number): Promise<void> {
  await waitUntil(async () => (await clusterState(port).catch(() => undefined))?.brokerIds.length === brokers, {
    timeoutMs: 30_000,
    describe: () => `The broker at 127.0.0.1:${port} did not see ${brokers} brokers within 30 s.`,
  });
}
