import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { generate, generatedFolders, generatedPages } from "../generate.ts";
import { root } from "./command.ts";

/** Generates into another folder and compares: nobody forgot to, and nobody edited what is generated. */
export async function generatedProblem(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "maru-generated-"));
  try {
    generate(folder);
    const pairs = generatedFolders.map((one) => differentFiles(join(root, one), join(folder, one)));
    const different = (await Promise.all(pairs)).flat();
    for (const [page, text] of await generatedPages()) {
      if (readFileSync(join(root, page), "utf8") !== text) different.push(page);
    }
    if (different.length === 0) return undefined;
    return `these differ from what "npm run generate" makes:\n${different.join("\n")}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function differentFiles(a: string, b: string): Promise<string[]> {
  const [inA, inB] = await Promise.all([filesOf(a), filesOf(b)]);
  const names = [...new Set([...inA, ...inB])];
  return names.filter((name) => {
    if (!inA.includes(name) || !inB.includes(name)) return true;
    return !readFileSync(join(a, name)).equals(readFileSync(join(b, name)));
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
