import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { nodeFlags } from "./worker.ts";

/** `bench/results` */
export const resultsFolder = join(import.meta.dirname, "../../results");

/** Where and when something was measured. */
export function circumstances() {
  return {
    measured_at: new Date().toISOString(),
    node: process.version,
    node_flags: nodeFlags.join(" "),
    cpu: `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}`,
    load_before: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** Writes the results to `<folder>/<name>.json`, unless the folder is empty, and as one line, the last, to standard output. */
export async function report(folder: string, name: string, results: object): Promise<void> {
  if (folder !== "") {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

/** Figures in columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
