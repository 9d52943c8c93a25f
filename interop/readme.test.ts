import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../scripts/published.ts";
import { installPacked } from "./packed.ts";
import { type StartedMaru, startMaru } from "./start-maru.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "maru-readme-"));
let maru: StartedMaru;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const others = ["typescript@7.0.2", "@types/node@24.19.2", "@opentelemetry/api@1.10.0", "prom-client@15.1.3"];
  others.push("@aws-sdk/client-dynamodb@3.1164.0", "pg@8.23.1", "@types/pg@8.23.1");
  await installPacked(folder, ["protocol", "kafka", "client", "testing"], others);
  cpSync(join(root, "packages/client/test/acme/gen"), join(folder, "gen"), { recursive: true });
  const descriptors = ["-o", join(folder, "payments.binpb"), "--as-file-descriptor-set"];
  await run("buf", ["build", join(root, "packages/client/test/acme/proto"), ...descriptors]);
  maru = await startMaru();
  const names = ["MARU_TOKEN", "KAFKA_BROKERS", "DYNAMODB_ENDPOINT"];
  env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, maru.exported(name)])) };
}, 300_000);

afterAll(async () => {
  await maru?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function programs(readme: string): string[] {
  return [...readFileSync(join(root, readme), "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ""]) => code);
}

const recipes = readdirSync(join(root, "docs/recipes"))
  .filter((page) => page !== "README.md")
  .map((page) => `docs/recipes/${page}`);

const pages = [
  "packages/protocol/README.md",
  "README.md",
  "packages/client/README.md",
  "packages/kafka/README.md",
  "packages/testing/README.md",
  ...recipes,
];

test("the TypeScript of every README and recipe type-checks against the packed packages", async () => {
  const files: string[] = [];
  for (const page of pages) {
    programs(page).forEach((code, index) => {
      const file = `${page.replaceAll("/", "-")}-${index}.ts`;
      // Examples that only declare are modules, too.
      writeFileSync(join(folder, file), `${code}\nexport {};\n`);
      files.push(file);
    });
  }
  expect(files.length).toBeGreaterThan(4);
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--types",
    "node",
  ];
  const lib = ["--lib", "es2024,esnext.disposable"];
  const tsc = join(folder, "node_modules/.bin/tsc");
  await run(process.execPath, [tsc, ...options, ...lib, ...files], { cwd: folder }).catch((error) => {
    throw new Error(error.stdout);
  });
});

/** Where the usual port is taken, Maru listens on another one, and says so. */
function atItsAddress(program: string): string {
  const address = /^ {2}gRPC\s+(\S+)$/m.exec(maru.printed)?.[1] ?? "";
  return program.replaceAll("127.0.0.1:50051", address);
}

test("the README's first program runs against npm start", async () => {
  writeFileSync(join(folder, "first.ts"), atItsAddress(programs("README.md")[0] ?? ""));
  const { stdout } = await run(process.execPath, ["first.ts"], { cwd: folder, env });
  const lines = stdout.trim().split("\n");
  expect(lines[0]).toBe("sent 2");
  expect(lines[1]).toMatch(/^2 .*hi/);
  expect(stdout).toMatch(/eve is not in the room \(request \S+\)/);
});

test("the README's consumer is at most 15 lines as the formatter writes it, imports, failure policy and stop included", async () => {
  const program = programs("README.md")[1] ?? "";
  writeFileSync(join(folder, "formatted.ts"), program);
  const config = ["--config-path", join(root, "biome.json"), "--vcs-enabled=false"];
  await run("biome", ["format", "--write", ...config, "formatted.ts"], { cwd: folder });
  const formatted = readFileSync(join(folder, "formatted.ts"), "utf8");
  expect(formatted).toBe(program);
  expect(formatted.trim().split("\n").length).toBeLessThanOrEqual(15);
  for (const part of [/^import .*subscribe/m, /onFailure: "park"/, /consumer\.close\(\)/])
    expect(program).toMatch(part);
});

test("the README's consumer receives what is sent, and stops with Ctrl-C", async () => {
  writeFileSync(join(folder, "consumer.ts"), atItsAddress(programs("README.md")[1] ?? ""));
  const consumer = spawn(process.execPath, ["consumer.ts"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    let printed = "";
    consumer.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
    });
    const deadline = Date.now() + 60_000;
    // A new group starts at the end of the topic, so what is sent before it has joined is not for it.
    while (!printed.includes("hi")) {
      expect(Date.now()).toBeLessThan(deadline);
      await run(process.execPath, ["first.ts"], { cwd: folder, env });
    }
    const exited = new Promise((resolve) => consumer.once("exit", resolve));
    consumer.kill("SIGINT");
    expect(await exited).toBe(0);
  } finally {
    consumer.kill("SIGKILL");
  }
}, 120_000);

test("the test in the README of @maru/testing passes", async () => {
  writeFileSync(join(folder, "consumer.test.ts"), programs("packages/testing/README.md")[1] ?? "");
  const { stdout, stderr } = await run(process.execPath, ["--test", "consumer.test.ts"], { cwd: folder });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/pass 1\n.*fail 0\n/s);
});

test.for(recipes)("the program of %s prints what the page says", async (page) => {
  const [, printed] = /^```text\n(.*?)^```/ms.exec(readFileSync(join(root, page), "utf8")) ?? [];
  const [program = ""] = programs(page);
  writeFileSync(join(folder, "recipe.ts"), atItsAddress(program));
  // kafkajs sets timers with negative delays, of which Node warns.
  const args = ["--disable-warning=TimeoutNegativeWarning", "recipe.ts"];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, env });
  expect(stderr).toBe("");
  expect(stdout).toBe(printed);
});

test("every policy file of the recipes is good", async () => {
  const files = recipes.flatMap((page) => [
    ...readFileSync(join(root, page), "utf8").matchAll(/^```yaml\n(.*?)^```/gms),
  ]);
  expect(files.length).toBeGreaterThan(0);
  for (const [, policy = ""] of files) {
    writeFileSync(join(folder, "policy.yaml"), policy);
    const server = join(root, "packages/server/src/main.ts");
    await run(process.execPath, [server, "check-policy", "--file", join(folder, "policy.yaml")]);
  }
});
