import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTool } from "../engines/tools.ts";
import { MissingToolError } from "../errors.ts";

export const POSTGRES_MISSING =
  "PostgreSQL 14 or newer is needed: install it (Debian and Ubuntu: `apt install postgresql`, macOS: `brew install " +
  "postgresql@17`) and have `initdb` on the PATH, or name a running one in MARU_POSTGRES_URL.";

const OLDEST = 14;

/** The folder with `initdb` and `postgres`: on the PATH, or where Debian puts them. */
export async function findPostgres(env: NodeJS.ProcessEnv, debian = "/usr/lib/postgresql"): Promise<string> {
  const versions = await readdir(debian).catch(() => []);
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...onPath, ...newestFirst.map((version) => join(debian, version, "bin"))]) {
    if (!(await isThere(join(folder, "initdb"))) || !(await isThere(join(folder, "postgres")))) continue;
    const version = await runTool(join(folder, "postgres"), ["--version"], { env });
    const major = Number(/\) (\d+)/.exec(version?.output ?? "")?.[1]);
    if (major >= OLDEST) return folder;
  }
  throw new MissingToolError(POSTGRES_MISSING);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
