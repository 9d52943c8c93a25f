import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../scripts/published.ts";
import { grpcurl, tools } from "../scripts/tools/pinned.ts";

const run = promisify(execFile);
let start: ChildProcess;
let printed = "";

beforeAll(async () => {
  start = spawn("npm", ["start"], { cwd: root, stdio: ["ignore", "pipe", "inherit"], detached: true });
  await new Promise<void>((resolve, reject) => {
    start.once("exit", (code) => reject(new Error(`npm start ended with code ${code}:\n${printed}`)));
    start.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes("Maru is ready.")) resolve();
    });
  });
}, 120_000);

afterAll(async () => {
  await stop("SIGINT");
});

/** As a terminal does: to the whole process group. */
async function stop(signal: NodeJS.Signals): Promise<void> {
  if (start.exitCode !== null || start.pid === undefined) return;
  const exited = new Promise((resolve) => start.once("exit", resolve));
  process.kill(-start.pid, signal);
  await exited;
}

test("npm start ends in a line that says it is ready, and every line that it prints to paste works", async () => {
  expect(printed.trim().split("\n").at(-1)).toBe("Maru is ready. Stop it with Ctrl-C.");
  const exported = /^ {2}export MARU_TOKEN=(\S+)$/m.exec(printed)?.[1] ?? "";
  const lines = printed.split("\n").filter((line) => line.startsWith("  grpcurl "));
  expect(lines).toHaveLength(3);
  const env = { ...process.env, MARU_TOKEN: exported, PATH: `${join(tools, "bin")}:${process.env.PATH}` };
  const outputs: string[] = [];
  for (const line of lines) outputs.push((await run("bash", ["-c", line], { env })).stdout);
  expect(outputs[0]).toContain("maru.chat.v1.MessageService");
  expect(JSON.parse(outputs[1] ?? "").entry.messageSent.content.text.text).toBe("hello");
  expect(JSON.parse(outputs[2] ?? "").entries[0].messageSent.content.text.text).toBe("hello");
  expect(grpcurl.path).toContain(tools);
});

test("npm run demo finds the running Maru and both sides meet", async () => {
  const { stdout } = await run("npm", ["run", "demo", "--", "--rooms", "2", "--json"], { cwd: root });
  const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(result).toMatchObject({ rooms: 2, equalRooms: 2, missing: 0, outOfOrder: 0, changed: 0 });
  expect(result.received).toBe(result.sent);
}, 120_000);

test("Ctrl-C leaves no process behind", async () => {
  const group = start.pid ?? 0;
  await stop("SIGINT");
  const { stdout } = await run("ps", ["-eo", "pid,pgid,args"]);
  const left = stdout
    .split("\n")
    .filter((line) => line.includes(`${root}/`) && new RegExp(`^\\s*\\d+\\s+${group}\\s`).test(line));
  expect(left).toEqual([]);
  const engines = stdout.split("\n").filter((line) => line.includes("maru-start-"));
  expect(engines).toEqual([]);
}, 60_000);
