import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rejected } from "../src/room-log/source-rows.ts";

/** What a copy rejected, from its files. */
export async function readRejects(folder: string): Promise<Rejected[]> {
  const files = (await readdir(join(folder, "rejects"))).filter((file) => file.endsWith(".ndjson"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, "rejects", file), "utf8")));
  return texts
    .flatMap((text) => text.split("\n").filter((line) => line !== ""))
    .map((line) => JSON.parse(line) as Rejected);
}
