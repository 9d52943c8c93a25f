import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JvmContext } from "../engine-context.ts";
import type { FetchedEngine } from "../engines/fetch-engine.ts";
import { engineNode, type NodeHandle } from "../processes/engine-node.ts";
import { type ClusterState, clusterState } from "./cluster-state.ts";
import { type KafkaNodePorts, kafkaProperties } from "./kafka-properties.ts";

export interface KafkaNodeOptions {
  engine: FetchedEngine;
  jvmArgs: string[];
  folder: string;
  clusterId: string;
  nodeId: number;
  /** Of all nodes of the cluster. */
  ports: KafkaNodePorts[];
}

export async function kafkaNode(context: JvmContext, options: KafkaNodeOptions): Promise<NodeHandle> {
  const { engine, folder, nodeId, clusterId, ports } = options;
  const brokerPort = ports[nodeId - 1]?.broker ?? 0;
  const file = join(folder, `node-${nodeId}.properties`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, kafkaProperties({ nodeId, ports, dataFolder: join(folder, `data-${nodeId}`) }));
  const jvm = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
  return engineNode(context.supervisor, {
    id: nodeId,
    name: `kafka-${nodeId}`,
    address: `127.0.0.1:${brokerPort}`,
    command: context.java.command,
    args: [...options.jvmArgs, ...jvm, "-cp", engine.classPath, "KafkaNode", file, clusterId],
    cwd: folder,
    logFile: join(folder, `kafka-${nodeId}.log`),
    isHealthy: async () => isFullMember(await clusterState(brokerPort), { clusterId, nodeId }),
  });
}

/** It knows itself as a live broker, and has caught up with every partition that it holds a replica of. */
function isFullMember(state: ClusterState, node: { clusterId: string; nodeId: number }): boolean {
  const caughtUp = state.partitions.every(
    ({ replicas, inSync, leader }) => leader >= 0 && (!replicas.includes(node.nodeId) || inSync.includes(node.nodeId)),
  );
  return state.clusterId === node.clusterId && state.brokerIds.includes(node.nodeId) && caughtUp;
}
