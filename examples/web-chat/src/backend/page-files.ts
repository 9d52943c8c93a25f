import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const folder = join(import.meta.dirname, "../../page");

/** The page's files by path, its program bundled into one. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const bundled = await build({
    entryPoints: [join(folder, "main.ts")],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "silent",
  });
  const file = async (name: string, type: string) => ({ type, bytes: await readFile(join(folder, name)) });
  return new Map([
    ["/", await file("index.html", "text/html; charset=utf-8")],
    ["/style.css", await file("style.css", "text/css; charset=utf-8")],
    ["/icon.svg", await file("icon.svg", "image/svg+xml")],
    [
      "/main.js",
      { type: "text/javascript; charset=utf-8", bytes: bundled.outputFiles[0]?.contents ?? new Uint8Array() },
    ],
  ]);
}
