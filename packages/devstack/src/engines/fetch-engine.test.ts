import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineFetchError } from "../errors.ts";
import type { EngineSource } from "./catalog.ts";
import { fetchEngine } from "./fetch-engine.ts";

let folder: string;
let source: EngineSource;
let lines: string[];
const engines = (): string => join(folder, "cache", "engines");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetch-test-"));
  await writeFile(join(folder, "pom.xml"), "<project/>");
  source = { name: "kafka", title: "Some Engine", version: "1.2", sizeMegabytes: 1, folder };
  lines = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A `mvn` that runs these shell lines with $lib set to the folder that it is to fill. */
async function depsWithMaven(script: string): Promise<Parameters<typeof fetchEngine>[0]> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  const findLib =
    'for arg in "$@"; do lib=$(echo "$arg" | sed -n "s/^-DoutputDirectory=//p"); [ -n "$lib" ] && break; done';
  await writeFile(join(bin, "mvn"), `#!/bin/sh\n${findLib}\n${script}\n`);
  await chmod(join(bin, "mvn"), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, MARU_CACHE_DIR: join(folder, "cache") };
  return { env, onProgress: (line) => lines.push(line) };
}

test("two fetches at once both get one complete folder, and a third fetches nothing", async () => {
  const deps = await depsWithMaven("echo half > $lib/a.jar; sleep 0.2; echo whole > $lib/b.jar");
  const [first, second] = await Promise.all([fetchEngine(deps, source), fetchEngine(deps, source)]);
  expect(first).toEqual(second);
  expect(await readdir(join(first.folder, "lib"))).toEqual(["a.jar", "b.jar"]);
  expect(await readdir(engines())).toHaveLength(1);
  lines = [];
  expect(await fetchEngine(deps, source)).toEqual(first);
  expect(lines).toEqual([]);
});

test("a fetch that fails half way says why and leaves nothing that could be used", async () => {
  const deps = await depsWithMaven("echo half > $lib/a.jar; echo 'no route to the repository' >&2; exit 1");
  await expect(fetchEngine(deps, source)).rejects.toThrow(EngineFetchError);
  await expect(fetchEngine(deps, source)).rejects.toThrow(/Some Engine 1\.2.*\nno route to the repository/);
  expect(await readdir(engines())).toEqual([]);
});

test("what a killed fetch left is removed by the next", async () => {
  await mkdir(join(engines(), "kafka-1.1-00000000.999999999-0a0b.partial"), { recursive: true });
  const { folder: fetched } = await fetchEngine(await depsWithMaven("echo whole > $lib/a.jar"), source);
  expect(await readdir(engines())).toEqual([fetched.split("/").at(-1)]);
});

test("a changed pom gets a folder of its own", async () => {
  const deps = await depsWithMaven("echo whole > $lib/a.jar");
  const before = await fetchEngine(deps, source);
  await writeFile(join(folder, "pom.xml"), "<project><!-- changed --></project>");
  expect((await fetchEngine(deps, source)).folder).not.toBe(before.folder);
});
