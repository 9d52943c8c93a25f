import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { LakeFiles } from "./lake-files.ts";

const unfinished = ".partial";

/** The lake in a folder: a copy of the bucket, or the folder of a store that keeps objects as files. */
export function createFolderFiles(folder: string): LakeFiles {
  const pathOf = (key: string): string => join(folder, key);
  return {
    async *list(prefix) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const keys = entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(unfinished))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
      yield* keys.filter((key) => key.startsWith(prefix)).sort();
    },
    async read(key) {
      return readFile(pathOf(key)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
    },
    async write(key, body) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path + unfinished, body);
      await rename(path + unfinished, path);
    },
    async copy(from, to) {
      await mkdir(dirname(pathOf(to)), { recursive: true });
      await copyFile(pathOf(from), pathOf(to));
    },
    remove: (key) => rm(pathOf(key), { force: true }),
  };
}
