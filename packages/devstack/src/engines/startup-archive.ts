import { createHash } from "node:crypto";
import { access, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NodeHandle } from "../processes/engine-node.ts";
import { type FetchDeps, type FetchedEngine, partialName } from "./fetch-engine.ts";
import type { JavaRuntime } from "./tools.ts";

/**
 * The JVM flags that make an engine start in half the time: an archive of its loaded and verified classes. The first time,
 * `makeNode` gives a throw-away node that is started with the flags that write one, and stopped. It belongs to one Java
 * version and one class path; without it (writing failed, say) the engine starts all the same, only slower.
 */
export async function startupArchive(
  deps: FetchDeps & { java: JavaRuntime },
  engine: FetchedEngine,
  makeNode: (jvmArgs: string[]) => Promise<NodeHandle>,
): Promise<string[]> {
  const version = createHash("sha256").update(deps.java.version).digest("hex").slice(0, 8);
  const file = join(engine.folder, `startup-${version}.jsa`);
  if (!(await exists(file))) await writeArchive(deps, engine, file, makeNode);
  return (await exists(file)) ? [`-XX:SharedArchiveFile=${file}`, "-Xshare:auto"] : [];
}

async function writeArchive(
  deps: FetchDeps,
  engine: FetchedEngine,
  file: string,
  makeNode: (jvmArgs: string[]) => Promise<NodeHandle>,
): Promise<void> {
  deps.onProgress(`${engine.title}: preparing fast starts, only this once`);
  const partial = partialName(`${engine.folder}.jsa`);
  try {
    const node = await makeNode([`-XX:ArchiveClassesAtExit=${partial}`]);
    await node.start();
    await node.waitUntilHealthy();
    if ((await node.stop()) === "stopped") await rename(partial, file);
  } catch (error) {
    deps.onProgress(`${engine.title}: starts stay slow: ${error instanceof Error ? error.message : error}`);
  } finally {
    await rm(partial, { force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
