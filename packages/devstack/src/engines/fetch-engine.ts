import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../processes/is-alive.ts";
import { buildWithGo } from "./build-with-go.ts";
import type { EngineSource } from "./catalog.ts";
import { fetchWithMaven } from "./fetch-with-maven.ts";

export interface FetchDeps {
  env: NodeJS.ProcessEnv;
  onProgress: (line: string) => void;
}

/** A fetched engine: `lib/` has the jars, our own compiled class among them, `plugin/` plugins, `bin/` the program, as far as there are any. */
export interface FetchedEngine {
  title: string;
  folder: string;
  classPath: string;
}

/**
 * Returns the engine's folder in the cache and fills it first if it is not there. It is filled under another name and
 * renamed when complete: half a download is never used, and of two programs that fetch at once the later one's copy is dropped.
 */
export async function fetchEngine(deps: FetchDeps, source: EngineSource): Promise<FetchedEngine> {
  const cache = join(cacheFolder(deps.env), "engines");
  const folder = join(cache, `${source.name}-${source.version}-${await fingerprint(source)}`);
  if (!(await exists(folder))) await fill(deps, source, cache, folder);
  return { title: `${source.title} ${source.version}`, folder, classPath: join(folder, "lib", "*") };
}

/** MARU_CACHE_DIR, or `~/.cache/maru`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return env.MARU_CACHE_DIR || join(homedir(), ".cache", "maru");
}

async function fill(deps: FetchDeps, source: EngineSource, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const partial = partialName(folder);
  const startedAt = performance.now();
  const how = "goPackage" in source ? "building with Go" : "fetching with Maven";
  deps.onProgress(
    `${source.title} ${source.version}: ${how}, about ${source.sizeMegabytes} MB to fetch, only this once`,
  );
  try {
    await mkdir(partial);
    if ("goPackage" in source) await buildWithGo(deps.env, source, partial);
    else await fetchWithMaven(deps.env, source, partial);
    await rename(partial, folder).catch(async (error) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  deps.onProgress(`${source.title} ${source.version}: ready in ${seconds} s into ${folder}`);
}

/** Where something is made that gets the name `path` when it is complete. */
export function partialName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.partial`;
}

/** Changes when a file that pins the engine does, or the Java file, so that an old cache is never taken for a new one. */
async function fingerprint(source: EngineSource): Promise<string> {
  const hash = createHash("sha256");
  const names = "goPackage" in source ? ["go.mod", "go.sum"] : ["pom.xml", source.javaFile];
  for (const name of names) {
    if (name !== undefined) hash.update(await readFile(join(source.folder, name)));
  }
  return hash.digest("hex").slice(0, 8);
}

/** What a killed program left behind. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = Number(/\.(\d+)-[0-9a-f]+\.partial$/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
