import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { root } from "../scripts/published.ts";
import { connectconformance } from "../scripts/tools/pinned.ts";

const run = promisify(execFile);
const folder = join(root, "packages/server/test/connect-conformance");

beforeAll(() => {
  if (!existsSync(connectconformance.path)) throw new Error("connectconformance is missing: npm run tools");
});

/** What is known to fail must fail: the lists are exact, and docs/connect-conformance.md gives the reasons. */
test.each(["grpc", "http"])(
  "the official conformance runner finds nothing on the listener for %s but what is known",
  async (listener) => {
    const known = ["failing", "flaky"].flatMap((kind) => [`--known-${kind}`, `@${listener}-known-${kind}.txt`]);
    const lists = ["--conf", `${listener}.yaml`, ...known];
    const server = ["--", process.execPath, "main.ts", listener];
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    // Few servers and calls at once: the runner's deadlines are short, and the machine may be busy.
    const speed = ["--max-servers", "2", "--parallel", "4"];
    const { stdout } = await run(
      connectconformance.path,
      ["--mode", "server", ...speed, ...lists, ...server],
      options,
    ).catch((error) => {
      throw new Error(`${error.stdout}\n${error.stderr}`);
    });
    expect(stdout).toMatch(/^\d+ passed, 0 failed$/m);
  },
  600_000,
);
