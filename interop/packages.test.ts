import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publishedPackages } from "../scripts/published.ts";
import { node22 } from "../scripts/tools/pinned.ts";
import { installPacked, packAll } from "./packed.ts";

const run = promisify(execFile);
const folders: string[] = [];

beforeAll(async () => {
  if (!existsSync(node22.path)) throw new Error('Node 22 is missing: run "npm run tools"');
  await packAll();
}, 300_000);

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "maru-installed-"));
  folders.push(folder);
  return folder;
}

test.for(publishedPackages)("@maru/%s is clean for publint", async (name) => {
  const tarball = (await packAll()).get(name) ?? "";
  await run("publint", ["--strict", tarball]).catch((error) => {
    throw new Error(error.stdout + error.stderr);
  });
});

test.for(publishedPackages)("the types of @maru/%s are right", async (name) => {
  const tarball = (await packAll()).get(name) ?? "";
  await run("attw", ["--profile", "esm-only", tarball]).catch((error) => {
    throw new Error(error.stdout + error.stderr);
  });
});

const runtimes = [
  ["Node 22", node22.path],
  ["Node 24", process.execPath],
] as const;

describe.for(runtimes)("on %s", ([, node]) => {
  async function importAll(folder: string, ...modules: string[]): Promise<string> {
    const code = `for (const name of ${JSON.stringify(modules)}) console.log(name, Object.keys(await import(name)).length)`;
    const { stdout } = await run(node, ["--input-type=module", "-e", code], { cwd: folder });
    return stdout;
  }

  test("the client imports without Kafka's package, and its events say what is missing", async () => {
    const folder = emptyFolder();
    await installPacked(folder, ["protocol", "client"]);
    expect(existsSync(join(folder, "node_modules/kafkajs"))).toBe(false);
    expect(await importAll(folder, "@maru/protocol", "@maru/client")).toContain("@maru/client");
    await expect(importAll(folder, "@maru/client/events")).rejects.toThrow("@maru/kafka");
  }, 180_000);

  test("the client's command runs, and says what it needs of Kafka's package", async () => {
    const folder = emptyFolder();
    await installPacked(folder, ["protocol", "client"]);
    const command = join(folder, "node_modules/.bin/maru-client");
    expect((await run(node, [command, "--help"])).stdout).toMatch(/^usage: maru-client COMMAND/);
    expect((await run(node, [command, "where-is", "--help"])).stdout).toMatch(/^usage: maru-client where-is/);
    await expect(run(node, [command, "tail"])).rejects.toThrow("npm install @maru/kafka");
    await installPacked(folder, ["protocol", "kafka", "client"]);
    expect((await run("npx", ["maru-client", "tail", "--help"], { cwd: folder })).stdout).toMatch(/^usage: .* tail/);
  }, 180_000);

  test("every entry point imports when all packages are there", async () => {
    const folder = emptyFolder();
    const peers = ["@opentelemetry/api@1.10.0", "prom-client@15.1.3", "@aws-sdk/client-dynamodb@3.1164.0"];
    await installPacked(folder, [...publishedPackages], peers);
    const modules = ["@maru/protocol", "@maru/protocol/descriptors", "@maru/protocol/grpc", "@maru/kafka"];
    modules.push("@maru/client", "@maru/client/events", "@maru/testing");
    modules.push("@maru/client/events/dynamodb", "@maru/client/events/postgres");
    modules.push("@maru/client/metrics/prometheus", "@maru/client/tracing/opentelemetry");
    const output = await importAll(folder, ...modules);
    for (const name of modules) expect(output).toMatch(new RegExp(`^${name} [1-9]`, "m"));
  }, 180_000);
});
