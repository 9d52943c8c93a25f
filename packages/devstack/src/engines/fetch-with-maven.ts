import { access, chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineFetchError } from "../errors.ts";
import type { MavenSource } from "./catalog.ts";
import { JDK_MISSING, jdkTool, MAVEN_MISSING, requireTool } from "./tools.ts";

/** Fills `folder`: `lib/` with the jars, and `plugin/` and `bin/` as far as the engine has them. */
export async function fetchWithMaven(env: NodeJS.ProcessEnv, source: MavenSource, folder: string): Promise<void> {
  await mkdir(join(folder, "lib"));
  await copyJars(env, source, folder);
  if (source.javaFile !== undefined) await compile(env, folder, join(source.folder, source.javaFile));
  if (source.binary !== undefined) await unpack(env, folder, source.binary);
}

async function copyJars(env: NodeJS.ProcessEnv, source: MavenSource, folder: string): Promise<void> {
  const pom = join(source.folder, "pom.xml");
  const jars = ["dependency:copy-dependencies", `-DoutputDirectory=${join(folder, "lib")}`, "-DincludeScope=runtime"];
  const plugins = source.hasPlugins ? ["dependency:unpack@plugins", `-Dplugins=${join(folder, "plugin")}`] : [];
  await requireTool("mvn", ["-B", "-q", "-ntp", "-f", pom, ...jars, ...plugins], {
    env,
    missing: MAVEN_MISSING,
    purpose: `Fetching ${source.title} ${source.version} with Maven`,
  });
}

/** Into a jar, because the JVM's archive of classes takes none from folders. */
async function compile(env: NodeJS.ProcessEnv, folder: string, javaFile: string): Promise<void> {
  const classes = join(folder, "classes");
  const lib = join(folder, "lib");
  const jdk = { env, missing: JDK_MISSING, purpose: `Compiling ${javaFile}` };
  await requireTool(jdkTool(env, "javac"), ["-d", classes, "-cp", join(lib, "*"), javaFile], jdk);
  await requireTool(jdkTool(env, "jar"), ["cf", join(lib, "maru-launcher.jar"), "-C", classes, "."], jdk);
}

async function unpack(env: NodeJS.ProcessEnv, folder: string, binary: { jar: string; entry: string }): Promise<void> {
  const jar = (await readdir(join(folder, "lib"))).find((name) => name.startsWith(binary.jar));
  const bin = join(folder, "bin");
  await mkdir(bin);
  await requireTool(jdkTool(env, "jar"), ["xf", join(folder, "lib", jar ?? binary.jar), binary.entry], {
    env,
    cwd: bin,
    missing: JDK_MISSING,
    purpose: `Unpacking ${binary.entry}`,
  });
  await access(join(bin, binary.entry)).catch(() => {
    throw new EngineFetchError(`There is no ${binary.entry} in ${jar}: this platform is not supported.`);
  });
  await chmod(join(bin, binary.entry), 0o755);
}
