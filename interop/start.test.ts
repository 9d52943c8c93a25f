import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../scripts/published.ts";
import { tools } from "../scripts/tools/pinned.ts";
import { type StartedMaru, startMaru } from "./start-maru.ts";

const run = promisify(execFile);
let maru: StartedMaru;

beforeAll(async () => {
  maru = await startMaru();
}, 180_000);

afterAll(() => maru?.stop());

test("npm start ends in a line that says it is ready, and every line that it prints to paste works", async () => {
  expect(maru.printed.trim().split("\n").at(-1)).toBe("Maru is ready. Stop it with Ctrl-C.");
  const lines = maru.printed.split("\n").filter((line) => line.startsWith("  grpcurl "));
  expect(lines).toHaveLength(3);
  const PATH = `${join(tools, "bin")}:${process.env.PATH}`;
  const env = { ...process.env, MARU_TOKEN: maru.exported("MARU_TOKEN"), PATH };
  const outputs: string[] = [];
  for (const line of lines) outputs.push((await run("bash", ["-c", line], { env })).stdout);
  expect(outputs[0]).toContain("maru.chat.v1.MessageService");
  expect(JSON.parse(outputs[1] ?? "").entry.messageSent.content.text.text).toBe("hello");
  expect(JSON.parse(outputs[2] ?? "").entries[0].messageSent.content.text.text).toBe("hello");
});

test("npm run demo finds the running Maru, and both sides meet", async () => {
  const { stdout } = await run("npm", ["run", "demo", "--", "--rooms", "2", "--json"], { cwd: root });
  const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(result).toMatchObject({ rooms: 2, equalRooms: 2, missing: 0, repeated: 0, outOfOrder: 0, changed: 0 });
  expect(result.received).toBe(result.sent);
}, 180_000);

test("Ctrl-C leaves no process behind", async () => {
  const log = /^ {2}log\s+(\S+)\/[^/]+$/m.exec(maru.printed)?.[1] ?? "";
  expect(log).not.toBe("");
  expect(await processesNaming(log)).not.toEqual([]);
  await maru.stop();
  expect(await processesNaming(log)).toEqual([]);
  expect(await processesOfGroup(maru.processGroup)).toEqual([]);
}, 60_000);

async function processesNaming(text: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "pid,args", "-ww"]);
  return stdout.split("\n").filter((line) => line.includes(text));
}

async function processesOfGroup(group: number): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "pgid,pid,args"]);
  return stdout.split("\n").filter((line) => line.trim().startsWith(`${group} `));
}
