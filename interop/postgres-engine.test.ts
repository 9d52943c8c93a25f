import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { MissingToolError, startStack } from "@maru/devstack";
import { Pool } from "pg";
import { expect, test } from "vitest";
import { isAlive } from "../packages/devstack/src/processes/is-alive.ts";
import { waitUntil } from "../packages/devstack/src/wait-until.ts";
import { root } from "../scripts/published.ts";

const env = { ...process.env, MARU_POSTGRES_URL: "" };

async function answer(url: string | undefined): Promise<unknown> {
  const pool = new Pool({ connectionString: url ?? "" });
  try {
    return (await pool.query("show server_encoding")).rows[0]?.server_encoding;
  } finally {
    await pool.end();
  }
}

test("PostgreSQL listens on loopback alone, and an address that is given is used instead", async () => {
  await using own = await startStack({ postgres: true, env });
  expect(own.postgres?.url).toMatch(/^postgres:\/\/maru@127\.0\.0\.1:\d+\/postgres$/);
  expect(await answer(own.postgres?.url)).toBe("UTF8");
  await using used = await startStack({ postgres: true, env: { ...env, MARU_POSTGRES_URL: own.postgres?.url } });
  expect(used.postgres).toMatchObject({ url: own.postgres?.url, owned: false });
  const nobody = { ...env, MARU_POSTGRES_URL: "postgres://maru@127.0.0.1:9/postgres" };
  await expect(startStack({ postgres: true, env: nobody })).rejects.toThrow("MARU_POSTGRES_URL names");
});

test("a program that is killed leaves no PostgreSQL and no shared memory behind", async () => {
  const program = `
    import { startStack } from "@maru/devstack";
    const { postgres } = await startStack({ postgres: true });
    console.log(postgres.node().pid);
    setInterval(() => {}, 1000);
  `;
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("the program says nothing");
  let pid = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    pid = Number(line);
    break;
  }
  expect(isAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  await waitUntil(() => !isAlive(pid), { timeoutMs: 10_000, describe: () => `PostgreSQL ${pid} still runs` });
  // Where there is such a list, on Linux: the process that made a segment is its fifth column.
  const segments = await readFile("/proc/sysvipc/shm", "utf8").catch(() => "");
  expect(segments.split("\n").filter((line) => line.trim().split(/\s+/)[4] === String(pid))).toEqual([]);
});

test("where PostgreSQL is missing, one sentence says what to install", async () => {
  const { findPostgres } = await import("../packages/devstack/src/postgres/find-postgres.ts");
  await expect(findPostgres({ PATH: "/nowhere" }, "/nowhere")).rejects.toThrow(MissingToolError);
  await expect(findPostgres({ PATH: "/nowhere" }, "/nowhere")).rejects.toThrow("apt install postgresql");
});
