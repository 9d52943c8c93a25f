import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JvmContext } from "../engine-context.ts";
import { KAFKA } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { startupArchive } from "../engines/startup-archive.ts";
import { StackOptionsError } from "../errors.ts";
import { freePorts } from "../free-ports.ts";
import { type NodeHandle, startTogether } from "../processes/engine-node.ts";
import { waitUntil } from "../wait-until.ts";
import { clusterState } from "./cluster-state.ts";
import { kafkaNode } from "./kafka-node.ts";
import type { KafkaNodePorts } from "./kafka-properties.ts";

/** Starts 1 or 3 nodes, each broker and controller, and resolves when every one of them knows all. */
export async function startKafka(context: JvmContext, options: { brokers: 1 | 3 }): Promise<NodeHandle[]> {
  const { engine, jvmArgs } = await context.prepare(async (deps) => {
    const engine = await fetchEngine(deps, KAFKA);
    const folder = join(context.folder, "kafka-preparation");
    const ports = await kafkaPorts(1);
    const prepare = (jvmArgs: string[]): Promise<NodeHandle> =>
      kafkaNode(context, { engine, jvmArgs, folder, clusterId: newClusterId(), nodeId: 1, ports });
    const jvmArgs = await startupArchive({ ...deps, java: context.java }, engine, prepare);
    await rm(folder, { recursive: true, force: true });
    return { engine, jvmArgs };
  });
  const folder = join(context.folder, "kafka");
  await mkdir(folder, { recursive: true });
  const clusterId = await keptClusterId(folder, options.brokers);
  const ports = await kafkaPorts(options.brokers);
  const nodes = await Promise.all(
    ports.map((_, index) => kafkaNode(context, { engine, jvmArgs, folder, clusterId, nodeId: index + 1, ports })),
  );
  await startTogether(nodes);
  await Promise.all(ports.map(({ broker }, index) => waitForBrokers(nodes[index], broker, options.brokers)));
  return nodes;
}

async function kafkaPorts(brokers: number): Promise<KafkaNodePorts[]> {
  const found = await freePorts(brokers * 2);
  return Array.from({ length: brokers }, (_, index) => {
    return { broker: found[2 * index] ?? 0, controller: found[2 * index + 1] ?? 0 };
  });
}

/** Any 16 bytes; a leading dash would be taken for an option. */
function newClusterId(): string {
  return randomBytes(16).toString("base64url").replaceAll("-", "A");
}

/** The cluster's id stays with its data: a node refuses a folder that was formatted for another cluster. */
async function keptClusterId(folder: string, brokers: number): Promise<string> {
  const file = join(folder, "cluster.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) {
    const clusterId = newClusterId();
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

async function waitForBrokers(node: NodeHandle | undefined, port: number, brokers: number): Promise<void> {
  await waitUntil(
    async () => {
      if (node?.pid === undefined) return node?.waitUntilHealthy().then(() => false);
      return (await clusterState(port).catch(() => undefined))?.brokerIds.length === brokers;
    },
    {
      timeoutMs: 30_000,
      describe: () => `${node?.name} did not see ${brokers} brokers within 30 s; log: ${node?.logFile}`,
    },
  );
}
