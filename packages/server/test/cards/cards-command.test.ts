import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cards } from "../../src/commands/cards.ts";
import { readConfig } from "../../src/config.ts";
import { type ServedApi, serveApi } from "../../src/context.ts";
import { signServiceToken } from "../../src/identity/tokens.ts";
import { createLog } from "../../src/log.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { createMemoryCardTypes } from "../../src/store/memory-card-types.ts";
import { createMemoryJobStore } from "../../src/store/memory-jobs.ts";
import { createTelemetry } from "../../src/telemetry.ts";
import { compile } from "./compile.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const key = "a key for the tests of the command";
const folder = mkdtempSync(join(tmpdir(), "maru-cards-command-"));
const clock = { nowMs: Date.now };
let api: ServedApi;
let env: Record<string, string | undefined>;

beforeAll(async () => {
  api = await serveApi({
    config: readConfig({
      MARU_ROLES: "api",
      MARU_TOKEN_KEY: key,
      MARU_AUDIT_LOG: "off",
      MARU_GRPC_ADDRESS: "127.0.0.1:0",
      MARU_HTTP_ADDRESS: "127.0.0.1:0",
    }),
    log: createLog("fatal", process.stderr),
    telemetry: createTelemetry({ processMetrics: false }),
    clock,
    store: createMemoryStore(),
    jobs: createMemoryJobStore(),
    cardTypes: createMemoryCardTypes(),
    checks: [],
  });
  // Nothing of the server's settings: the command needs none.
  env = { PATH: process.env.PATH, MARU_TOKEN: await signServiceToken({ key, service: "payments", ttlSeconds: 600 }) };
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Outcome> {
  const all = [main, "cards", ...args, "--address", `http://${api.httpAddress}`];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function build(name: string, fields: string): string {
  const file = join(folder, name);
  const source = `syntax = "proto3"; package acme; // A comment.\n message Pay { ${fields} } message Refund {}`;
  writeFileSync(file, compile({ "pay.proto": source }));
  return file;
}

test("types are added, listed and shown, and their descriptors written to a file", async () => {
  const descriptors = build("one.binpb", "string a = 1; int32 b = 2;");
  const added = await run("add", "--descriptors", descriptors, "--type", "acme.Pay", "--type", "acme.Refund");
  expect(added).toMatchObject({ code: 0, stderr: "" });
  const lines = added.stdout.trim().split("\n");
  expect(lines[0]).toMatch(/^acme\.Pay {2}revision 1 {2}of payments {2}20\d\d-/);
  expect(lines[1]).toMatch(/^acme\.Refund /);
  expect((await run("list")).stdout).toBe(added.stdout);
  const out = join(folder, "out.binpb");
  const shown = await run("show", "--type", "acme.Pay", "--out", out, "--json");
  expect(JSON.parse(shown.stdout)).toMatchObject({ type: "acme.Pay", owner: "payments", revision: 1 });
  expect(fromBinary(FileDescriptorSetSchema, readFileSync(out)).file.map(({ name }) => name)).toEqual(["pay.proto"]);
});

test("what the server refuses is said, with all that is wrong, and the command fails", async () => {
  const descriptors = build("two.binpb", "int64 a = 1;");
  const refused = await run("add", "--descriptors", descriptors, "--type", "acme.Pay");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("older readers would stumble");
  expect(refused.stderr).toContain("  - acme.Pay.a has the type int64 now, and was string (FIELD_WIRE_JSON");
  expect(await run("show", "--type", "acme.Nothing")).toMatchObject({ code: 1 });
});

test("what is missing or no descriptor set is said, without a call", async () => {
  const text = join(folder, "text.proto");
  writeFileSync(text, 'syntax = "proto3";');
  const wrong: readonly (readonly [string[], string])[] = [
    [["add", "--type", "acme.Pay"], "--descriptors FILE"],
    [["add", "--descriptors", text], "--type T"],
    [["add", "--descriptors", text, "--type", "acme.Pay"], "no descriptor set in binary form"],
    [["add", "--descriptors", join(folder, "nowhere"), "--type", "acme.Pay"], "nowhere"],
    [["remove"], "remove is not a command"],
    [["list", "--token", ""], "MARU_TOKEN must hold"],
  ];
  for (const [args, said] of wrong) await expect(cards(args, env.MARU_TOKEN)).rejects.toThrow(said);
  const { code, stderr } = await run("remove");
  expect([code, stderr]).toEqual([1, expect.stringContaining("remove is not a command: see maru-server cards --help")]);
});
