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
 * Takes a kept folder for this program and its supervisor. Where the program that had it is gone, its supervisor may still
 * be ending the engines, and is waited for; where that program still runs, the folder is refused.
 */
export async function claimFolder(folder: string, supervisorPid: number): Promise<() => Promise<void>> {
  const file = join(folder, "owner.json");
  const owner = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Owner,
    () => undefined,
  );
  if (owner !== undefined) {
    const refusal = `The folder ${folder} is in use by process ${owner.programPid}; stop that, or delete ${file} if it is no stack.`;
    if (isAlive(owner.programPid) && isAlive(owner.supervisorPid)) throw new StackOptionsError(refusal);
    await waitUntil(() => !isAlive(owner.supervisorPid), { timeoutMs: ENDING_MS, describe: () => refusal });
  }
  await writeFile(`${file}.partial`, JSON.stringify({ programPid: process.pid, supervisorPid } satisfies Owner));
  await rename(`${file}.partial`, file);
  return () => rm(file, { force: true });
}

interface Owner {
  programPid: number;
  supervisorPid: number;
}

/** Longer than a supervisor gives its engines. */
const ENDING_MS = 15_000;
