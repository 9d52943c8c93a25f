import { readFile } from "node:fs/promises";

/** What a process has read until now, in bytes: sockets, files and pipes. */
export async function processReadBytes(pid: number): Promise<number> {
  const [, bytes] = /^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "utf8")) ?? [];
  if (bytes === undefined) throw new Error(`/proc/${pid}/io does not say what was read`);
  return Number(bytes);
}
