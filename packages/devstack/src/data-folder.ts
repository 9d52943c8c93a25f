import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { StackOptionsError } from "./errors.ts";
import { isAlive } from "./processes/is-alive.ts";
import { waitUntil } from "./wait-until.ts";

/** Where a stack keeps its data and logs; `removeFolder` is deleted with the stack. */
export interface DataFolder {
  folder: string;
  removeFolder: string | undefined;
}

/** With `persist` the folder itself, which stays; otherwise a fresh one inside `dataDir` or the system's temporary folder. */
export async function makeDataFolder(options: { dataDir?: string; persist: boolean }): Promise<DataFolder> {
  if (options.persist) {
    if (options.dataDir === undefined) throw new StackOptionsError("persist needs a dataDir to keep the data in.");
    const folder = resolve(options.dataDir);
    await mkdir(folder, { recursive: true });
    return { folder, removeFolder: undefined };
  }
  const parent = options.dataDir === undefined ? await realpath(tmpdir()) : resolve(options.dataDir);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "maru-stack-"));
  return { folder, removeFolder: folder };
}

/**
 * Takes a kept folder for the supervisor `pid`. The supervisor of a program that was killed may still be ending its
 * engines: that is waited for. A second stack in the same folder is refused.
 */
export async function claimFolder(folder: string, pid: number, timeoutMs = 12_000): Promise<() => Promise<void>> {
  const file = join(folder, "supervisor.pid");
  const owner = async (): Promise<number> => Number(await readFile(file, "utf8").catch(() => "0"));
  await waitUntil(async () => !isAlive(await owner()), {
    timeoutMs,
    describe: () => "in use",
  }).catch(async () => {
    throw new StackOptionsError(
      `The folder ${folder} is in use by another stack (process ${await owner()}); stop that one, or delete ${file} if it is none.`,
    );
  });
  await writeFile(`${file}.partial`, String(pid));
  await rename(`${file}.partial`, file);
  return () => rm(file, { force: true });
}
