import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine-context.ts";
import { redisSource } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle, startTogether } from "../processes/engine-node.ts";
import { waitUntil } from "../wait-until.ts";
import { redisCommand } from "./redis-command.ts";

const SLOT_COUNT = 16_384;

/** Starts a cluster of 1 or 3 masters; the replicas follow the masters in the list. It is always empty: Redis is a cache. */
export async function startRedis(
  context: EngineContext,
  options: { masters: 1 | 3; replicas: 0 | 1 },
): Promise<NodeHandle[]> {
  const source = redisSource(process.platform, process.arch);
  const { folder: fetched } = await context.prepare((deps) => fetchEngine(deps, source));
  const binary = join(fetched, "bin", source.binary?.entry ?? "");
  const folder = join(context.folder, "redis");
  await rm(folder, { recursive: true, force: true });
  const count = options.masters * (1 + options.replicas);
  const found = await freePorts(count * 2);
  const ports = found.slice(0, count);

  const nodes = await Promise.all(
    ports.map(async (port, index) => {
      const name = `redis-${index + 1}`;
      const data = join(folder, name);
      await mkdir(data, { recursive: true });
      return engineNode(context.supervisor, {
        id: index + 1,
        name,
        address: `127.0.0.1:${port}`,
        command: binary,
        args: redisArguments(port, found[count + index] ?? 0),
        cwd: data,
        logFile: join(folder, `${name}.log`),
        isHealthy: () => isFullMember(port),
      });
    }),
  );
  await startTogether(nodes, async () => {
    await Promise.all(nodes.map((node, index) => waitForPing(node, ports[index] ?? 0)));
    await joinCluster(ports, found.slice(count), options.masters);
  });
  return nodes;
}

function redisArguments(port: number, busPort: number): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    bind: "127.0.0.1",
    save: "",
    appendonly: "no",
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-port": String(busPort),
    // Without it CLUSTER SLOTS of a single node names no host, and clients hang.
    "cluster-announce-ip": "127.0.0.1",
    "cluster-node-timeout": "2000",
    "cluster-require-full-coverage": "no",
    // A replica that is not yet in sync never takes over.
    "repl-diskless-sync-delay": "0",
  };
  return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
}

/** A process that ends early is reported with its log; that is `waitUntilHealthy`'s business. */
async function waitForPing(node: NodeHandle, port: number): Promise<void> {
  await waitUntil(async () => node.pid === undefined || (await answers(port)), {
    timeoutMs: 10_000,
    describe: () => `${node.name} did not answer at 127.0.0.1:${port} within 10 s; its log is ${node.logFile}`,
  });
  if (node.pid === undefined) await node.waitUntilHealthy();
}

async function joinCluster(ports: number[], busPorts: number[], masters: number): Promise<void> {
  const ids: string[] = [];
  for (const [index, port] of ports.entries()) {
    ids.push((await redisCommand(port, "CLUSTER MYID")).split("\r\n")[1] ?? "");
    if (index < masters) {
      const from = Math.ceil((index * SLOT_COUNT) / masters);
      const to = Math.ceil(((index + 1) * SLOT_COUNT) / masters) - 1;
      await redisCommand(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
    }
    await redisCommand(port, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
    if (index > 0) await redisCommand(port, `CLUSTER MEET 127.0.0.1 ${ports[0]} ${busPorts[0]}`);
  }
  const deadline = { timeoutMs: 15_000, describe: () => "The Redis nodes did not find each other within 15 s." };
  await waitUntil(async () => {
    const infos = await Promise.all(ports.map((port) => redisCommand(port, "CLUSTER INFO")));
    return infos.every((info) => info.includes(`cluster_known_nodes:${ports.length}`));
  }, deadline);
  for (const [index, port] of ports.entries()) {
    if (index < masters) continue;
    const replicate = `CLUSTER REPLICATE ${ids[index % masters]}`;
    await waitUntil(
      () =>
        redisCommand(port, replicate)
          .then(Boolean, () => true)
          .then(() => isReplica(port)),
      deadline,
    );
  }
}

async function answers(port: number): Promise<boolean> {
  return redisCommand(port, "PING").then(
    (answer) => answer === "+PONG",
    () => false,
  );
}

async function isReplica(port: number): Promise<boolean> {
  return (await redisCommand(port, "INFO replication")).includes("role:slave");
}

async function isFullMember(port: number): Promise<boolean> {
  if (!(await redisCommand(port, "CLUSTER INFO")).includes("cluster_state:ok")) return false;
  const replication = await redisCommand(port, "INFO replication");
  return replication.includes("role:master") || replication.includes("master_link_status:up");
}
