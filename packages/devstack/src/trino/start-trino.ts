import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JvmContext } from "../engine-context.ts";
import { TRINO } from "../engines/catalog.ts";
import { fetchEngine } from "../engines/fetch-engine.ts";
import { freePorts } from "../free-ports.ts";
import { createBucket, type S3Address } from "../object-store/s3-request.ts";
import { engineNode, type NodeHandle, startTogether } from "../processes/engine-node.ts";
import { queryTrino } from "./query.ts";
import { lakeProperties, METASTORE_BUCKET, serverProperties } from "./trino-properties.ts";

export interface RunningTrino {
  url: string;
  node: NodeHandle;
}

/** Starts one Trino that reads and writes tables in the object store, through its catalog `lake`. */
export async function startTrino(context: JvmContext, store: S3Address, glueEndpoint?: string): Promise<RunningTrino> {
  const engine = await context.prepare((deps) => fetchEngine(deps, TRINO));
  await createBucket(store, METASTORE_BUCKET);
  const folder = join(context.folder, "trino");
  const catalogFolder = join(folder, "catalog");
  await mkdir(catalogFolder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const url = `http://${address}`;
  const config = join(folder, "config.properties");
  await writeFile(config, serverProperties({ port, pluginFolder: join(engine.folder, "plugin"), catalogFolder }));
  await writeFile(join(catalogFolder, "lake.properties"), lakeProperties(store, glueEndpoint));

  const node = engineNode(context.supervisor, {
    id: 1,
    name: "trino",
    address,
    command: context.java.command,
    args: [...JVM_ARGUMENTS, `-Dconfig=${config}`, "-cp", engine.classPath, "Trino", TRINO.version],
    cwd: folder,
    logFile: join(folder, "trino.log"),
    startTimeoutMs: START_TIMEOUT_MS,
    // It says that it has started a little before it takes queries.
    isHealthy: () => queryTrino(url, "select 1", { signal: AbortSignal.timeout(10_000) }).then(() => true),
  });
  await startTogether([node]);
  return { url, node };
}

/** On a busy machine it takes half a minute. */
const START_TIMEOUT_MS = 180_000;

const JVM_ARGUMENTS = [
  "-Xmx1g",
  "-XX:+UseSerialGC",
  "-XX:ReservedCodeCacheSize=256m",
  "-Djdk.attach.allowAttachSelf=true",
  "-Djdk.nio.maxCachedBufferSize=2000000",
  "--add-opens=java.base/java.nio=ALL-UNNAMED",
  // As Athena's: times without a zone are in UTC.
  "-Duser.timezone=UTC",
];
