import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { JvmContext } from "../engine-context.ts";
import { DYNAMODB } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle, startTogether } from "../processes/engine-node.ts";

export interface RunningDynamodb {
  endpoint: string;
  controlEndpoint: string;
  node: NodeHandle;
}

export async function startDynamodb(
  context: JvmContext,
  options: { storage: "memory" | "disk" },
): Promise<RunningDynamodb> {
  const engine = await context.prepare((deps) => fetchEngine(deps, DYNAMODB));
  const folder = join(context.folder, "dynamodb");
  const dataFolder = join(folder, "data");
  await mkdir(dataFolder, { recursive: true });
  const [port, controlPort] = (await freePorts(2)) as [number, number];
  const controlEndpoint = `http://127.0.0.1:${controlPort}`;
  const jvm = ["-Xmx768m", `-Djava.library.path=${join(engine.folder, "lib")}`, "-cp", engine.classPath];
  const storage = options.storage === "memory" ? ["-inMemory"] : ["-dbPath", dataFolder];

  const node = engineNode(context.supervisor, {
    id: 1,
    name: "dynamodb",
    address: `127.0.0.1:${port}`,
    command: context.java.command,
    args: [
      ...jvm,
      "DynamoDb",
      String(controlPort),
      ...storage,
      "-sharedDb",
      "-port",
      String(port),
      "-disableTelemetry",
    ],
    cwd: folder,
    logFile: join(folder, "dynamodb.log"),
    isHealthy: async () => (await fetch(`${controlEndpoint}/health`, { signal: AbortSignal.timeout(2_000) })).ok,
  });
  await startTogether([node]);
  return { endpoint: `http://127.0.0.1:${port}`, controlEndpoint, node };
}
