import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../scripts/published.ts";
import { isInstalled } from "../scripts/tools/install-python.ts";
import { examplePython } from "../scripts/tools/pinned.ts";
import { type StartedMaru, startMaru } from "./start-maru.ts";

const run = promisify(execFile);
let maru: StartedMaru;

beforeAll(async () => {
  if (!isInstalled(examplePython))
    throw new Error('the packages of the example in Python are missing: run "npm run tools"');
  maru = await startMaru();
}, 180_000);

afterAll(() => maru?.stop());

/** What a reader of an example's README pastes, and what the last of it prints. */
async function followReadme(example: string): Promise<string[]> {
  const folder = join(root, "examples", example);
  const [generate = "", start = ""] = [
    ...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```/gms),
  ].map(([, lines = ""]) => lines);
  const PATH = [examplePython.bin, join(root, "node_modules/.bin"), process.env.PATH].join(":");
  const paste = (lines: string) => run("bash", ["-euc", lines], { cwd: folder, env: { ...process.env, PATH } });
  await paste(generate);
  expect(existsSync(join(folder, "gen"))).toBe(true);
  const address = /^ {2}gRPC\s+(\S+)$/m.exec(maru.printed)?.[1] ?? "";
  const { stdout } = await paste(start.replace("…", maru.exported("MARU_TOKEN")).replace("127.0.0.1:50051", address));
  return stdout.trim().split("\n");
}

test.for([
  ["go", "hello from Go"],
  ["python", "hello from Python"],
])(
  "the example in %s, made as its README says, creates a room, sends, lists and reads why it is refused",
  { timeout: 400_000 },
  async ([example = "", said = ""]) => {
    const lines = await followReadme(example);
    expect(lines[0]).toMatch(/^created [0-9a-f]{32}$/);
    expect(lines.slice(1)).toEqual(["sent 2", `listed 2 ada ${said}`, "refused ERROR_REASON_NOT_A_MEMBER eve"]);
  },
);
