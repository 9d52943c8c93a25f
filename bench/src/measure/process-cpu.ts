import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const microsPerTick = 10_000;

/** CPU time of any process until now, in microseconds, to the hundredth of a second. */
export async function processCpuMicros(pid: number): Promise<number> {
  return process.platform === "linux"
    ? toCpuMicros(await readFile(`/proc/${pid}/stat`, "utf8"))
    : clockToMicros((await run("ps", ["-o", "time=", "-p", String(pid)])).stdout.trim());
}

/** From Linux' /proc/<pid>/stat: user and system time, in ticks, follow the command's name, which may hold blanks. */
export function toCpuMicros(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

/** `1:02:03.45`, `2:03.45` */
export function clockToMicros(clock: string): number {
  return Math.round(clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000_000);
}
