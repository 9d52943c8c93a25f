import { createHash, randomBytes } from "node:crypto";
import { access, chmod, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { EngineFetchError } from "../errors.ts";
import { isAlive } from "../processes/is-alive.ts";
import type { EngineSource } from "./catalog.ts";
import { JDK_MISSING, jdkTool, MAVEN_MISSING, requireTool } from "./tools.ts";

export interface FetchDeps {
  env: NodeJS.ProcessEnv;
  onProgress: (line: string) => void;
}

/** A fetched engine: `lib/` holds the jars, our own compiled class among them, `bin/` the binary, as far as it has them. */
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
  deps.onProgress(
    `${source.title} ${source.version}: fetching with Maven, about ${source.sizeMegabytes} MB, only this once`,
  );
  try {
    await mkdir(join(partial, "lib"), { recursive: true });
    await copyJars(deps, source, join(partial, "lib"));
    if (source.javaFile !== undefined) await compile(deps, partial, join(source.folder, source.javaFile));
    if (source.binary !== undefined) await unpack(deps, partial, source.binary);
    await rename(partial, folder).catch(async (error) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  deps.onProgress(`${source.title} ${source.version}: fetched in ${seconds} s into ${folder}`);
}

async function copyJars(deps: FetchDeps, source: EngineSource, lib: string): Promise<void> {
  const pom = join(source.folder, "pom.xml");
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${lib}`, "-DincludeScope=runtime"];
  await requireTool("mvn", ["-B", "-q", "-ntp", "-f", pom, ...goal], {
    env: deps.env,
    missing: MAVEN_MISSING,
    purpose: `Fetching ${source.title} ${source.version} with Maven`,
  });
}

/** Into a jar, because the JVM's archive of classes takes none from folders. */
async function compile(deps: FetchDeps, folder: string, javaFile: string): Promise<void> {
  const classes = join(folder, "classes");
  const lib = join(folder, "lib");
  const jdk = { env: deps.env, missing: JDK_MISSING, purpose: `Compiling ${javaFile}` };
  await requireTool(jdkTool(deps.env, "javac"), ["-d", classes, "-cp", join(lib, "*"), javaFile], jdk);
  await requireTool(jdkTool(deps.env, "jar"), ["cf", join(lib, "maru-launcher.jar"), "-C", classes, "."], jdk);
}

async function unpack(deps: FetchDeps, folder: string, binary: { jar: string; entry: string }): Promise<void> {
  const jar = (await readdir(join(folder, "lib"))).find((name) => name.startsWith(binary.jar));
  const bin = join(folder, "bin");
  await mkdir(bin);
  await requireTool(jdkTool(deps.env, "jar"), ["xf", join(folder, "lib", jar ?? binary.jar), binary.entry], {
    env: deps.env,
    cwd: bin,
    missing: JDK_MISSING,
    purpose: `Unpacking ${binary.entry}`,
  });
  if (!(await exists(join(bin, binary.entry)))) {
    throw new EngineFetchError(`There is no ${binary.entry} in ${jar}: this platform is not supported.`);
  }
  await chmod(join(bin, binary.entry), 0o755);
}

/** Where something is made that gets the name `path` when it is complete. */
export function partialName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.partial`;
}

/** Changes when the pom or the Java file does, so that an old cache is never taken for a new one. */
async function fingerprint(source: EngineSource): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["pom.xml", source.javaFile]) {
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
