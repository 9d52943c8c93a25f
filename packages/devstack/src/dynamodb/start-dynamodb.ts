import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine-context.ts";
import { DYNAMODB } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle } from "../processes/engine-node.ts";

export interface RunningDynamodb {
  endpoint: string;
  controlEndpoint: string;
  node: NodeHandle;
}

export async function startDynamodb(
  context: EngineContext,
  options: { storage: "memory" | "disk" },
): Promise<RunningDynamodb> {
  const { folder: jars, classPath } = await context.fetch((deps) => fetchEngine(deps, DYNAMODB));
  const folder = join(context.folder, "dynamodb");
  const dataFolder = join(folder, "data");
  await mkdir(dataFolder, { recursive: true });
  const [port, controlPort] = (await freePorts(2)) as [number, number];
  const controlEndpoint = `http://127.0.0.1:${controlPort}`;

  const storage = options.storage === "memory" ? ["-inMemory"] : ["-dbPath", dataFolder];
  const node = engineNode(context.supervisor, {
    id: 1,
    name: "dynamodb",
    address: `127.0.0.1:${port}`,
    command: context.java,
    args: [
      ...["-Xmx768m", `-Djava.library.path=${join(jars, "lib")}`, "-cp", classPath, "DynamoDb", String(controlPort)],
      ...[...storage, "-sharedDb", "-port", String(port), "-disableTelemetry"],
    ],
    cwd: folder,
    logFile: join(folder, "dynamodb.log"),
    isHealthy: async () => (await fetch(`${controlEndpoint}/health`, { signal: AbortSignal.timeout(2_000) })).ok,
  });
  await node.start();
  await node.waitUntilHealthy();
  return { endpoint: `http://127.0.0.1:${port}`, controlEndpoint, node };
}
