import { readFile } from "node:fs/promises";

/** The last lines of a log, or an empty string where there is no log yet. */
export async function logTail(file: string, lineCount = 20): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-lineCount).join("\n");
}
