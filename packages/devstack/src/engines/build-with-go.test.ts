import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineFetchError, MissingToolError } from "../errors.ts";
import { type GoSource, VERSITYGW } from "./catalog.ts";
import { type FetchDeps, fetchEngine } from "./fetch-engine.ts";

let folder: string;
let source: GoSource;
const lines: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "go-test-"));
  await writeFile(join(folder, "go.mod"), "module local\n");
  await writeFile(join(folder, "go.sum"), "");
  source = {
    name: "versitygw",
    title: "Some Store",
    version: "1.2",
    sizeMegabytes: 7,
    folder,
    goPackage: "some/store",
  };
  lines.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A `go` of this version that builds by these shell lines, with $out set to the program that it is to write. */
async function depsWithGo(version: string, build: string): Promise<FetchDeps> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  const script = [
    "#!/bin/sh",
    `[ "$1" = env ] && { echo ${version}; exit; }`,
    'while [ "$1" != -o ]; do shift; done',
    "out=$2",
    'mkdir -p "$(dirname "$out")"',
    build,
  ];
  await writeFile(join(bin, "go"), `${script.join("\n")}\n`);
  await chmod(join(bin, "go"), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, MARU_CACHE_DIR: join(folder, "cache") };
  return { env, onProgress: (line) => lines.push(line) };
}

test("the program is built once, and again when a pinned module changes", async () => {
  const deps = await depsWithGo("go1.25.3", 'echo program > "$out"');
  const built = await fetchEngine(deps, source);
  expect(await readFile(join(built.folder, "bin", "versitygw"), "utf8")).toBe("program\n");
  expect(lines[0]).toBe("Some Store 1.2: building with Go, about 7 MB to fetch, only this once");
  lines.length = 0;
  expect(await fetchEngine(deps, source)).toEqual(built);
  expect(lines).toEqual([]);
  await writeFile(join(folder, "go.sum"), "another/module v1.0.0 h1:…\n");
  expect((await fetchEngine(deps, source)).folder).not.toBe(built.folder);
});

test("a build that fails says why and leaves nothing that could be used", async () => {
  const deps = await depsWithGo("go1.26.8", 'echo half > "$out"; echo "checksum mismatch" >&2; exit 1');
  const built = fetchEngine(deps, source);
  await expect(built).rejects.toThrow(EngineFetchError);
  await expect(built).rejects.toThrow(/^Building Some Store 1\.2 with Go failed .*\nchecksum mismatch$/);
  expect(await readdir(join(folder, "cache", "engines"))).toEqual([]);
});

test("a machine without Go, or with one that is too old, gets one sentence that says what to install", async () => {
  const env = { PATH: join(folder, "empty"), MARU_CACHE_DIR: join(folder, "cache") };
  const without = fetchEngine({ env, onProgress: () => undefined }, VERSITYGW);
  await expect(without).rejects.toThrow(MissingToolError);
  await expect(without).rejects.toThrow(/^Go 1\.25 or newer is needed once, .* install it .*on the PATH\.$/);
  const old = fetchEngine(await depsWithGo("go1.24.9", "exit 1"), VERSITYGW);
  await expect(old).rejects.toThrow(/on the PATH\. \(Found: Go 1\.24\.\)$/);
});
