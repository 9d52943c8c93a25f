import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FILE_NAME, type LakeTarget } from "./lake-target.ts";

const unfinished = ".unfinished-";
const ABANDONED_MS = 24 * 3_600_000;

/** A lake that is a folder. A run that was killed leaves `.unfinished-…` in it; a later one removes what is a day old. */
export async function openFolderTarget(folder: string, nowMs: number): Promise<LakeTarget> {
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder, nowMs);
  const scratch = await mkdtemp(join(folder, unfinished));
  return {
    scratch,
    async publish(file, dayFolder) {
      const day = join(folder, dayFolder);
      await mkdir(day, { recursive: true });
      await sync(file);
      await rename(file, join(day, FILE_NAME));
      // The Glue job writes other names: two exports of one day would be read as one with every row twice.
      for (const name of await readdir(day)) if (name !== FILE_NAME) await rm(join(day, name), { recursive: true });
      await sync(day);
      return join(day, FILE_NAME);
    },
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

async function removeAbandoned(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(unfinished)) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (nowMs - mtimeMs > ABANDONED_MS) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
