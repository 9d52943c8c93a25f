import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine-context.ts";
import { VERSITYGW } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle, startTogether } from "../processes/engine-node.ts";
import { type S3Address, s3Request } from "./s3-request.ts";

export interface RunningObjectStore extends S3Address {
  folder: string;
  node: NodeHandle;
}

/** Known to everybody, as the store is to be reached from this machine only. */
export const DEVELOPMENT_KEYS = { region: "us-east-1", accessKeyId: "test", secretAccessKey: "testtest" } as const;

/** Starts an S3 object store whose buckets are folders and whose objects are files. */
export async function startObjectStore(context: EngineContext): Promise<RunningObjectStore> {
  const engine = await context.prepare((deps) => fetchEngine(deps, VERSITYGW));
  const home = join(context.folder, "object-store");
  const [folder, attributes] = [join(home, "data"), join(home, "attributes")];
  await mkdir(folder, { recursive: true });
  await mkdir(attributes, { recursive: true });
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const store: S3Address = { endpoint: `http://${address}`, ...DEVELOPMENT_KEYS };

  // Attributes in files of their own, because not every file system has them; no lock files, because nobody else writes.
  const storage = ["--sidecar", attributes, "--disable-object-lock-file"];

  const node = engineNode(context.supervisor, {
    id: 1,
    name: "object-store",
    address,
    command: join(engine.folder, "bin", VERSITYGW.name),
    args: ["--port", address, "--quiet", "--keep-alive", "posix", ...storage, folder],
    cwd: home,
    logFile: join(home, "object-store.log"),
    env: {
      ROOT_ACCESS_KEY_ID: store.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: store.secretAccessKey,
      VGW_REGION: store.region,
    },
    isHealthy: async () => (await s3Request(store, "GET", "/")).ok,
  });
  await startTogether([node]);
  return { ...store, folder, node };
}
