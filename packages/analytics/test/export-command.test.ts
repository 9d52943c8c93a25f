import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DAY, type ExportWorld, startExportWorld } from "./export-world.ts";

const program = join(import.meta.dirname, "../src/commands/export.ts");
const rowCount = 100_000;

let world: ExportWorld;
beforeAll(async () => {
  world = await startExportWorld();
  // About 400 MB of texts that do not compress to nothing.
  await world.sql(`create table wide as select n::int8 as id, repeat(md5(n::text), 125) as t
    from generate_series(1, ${rowCount}) n`);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

function start(...options: string[]) {
  const all = ["--postgres", world.postgresUrl, "--out", world.lake, "--tables", "wide", "--day", DAY, ...options];
  const child = spawn(process.execPath, [program, ...all], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, ...said }));
  return { child, ended };
}

/** Ends a running export once its file has begun to grow. */
async function endInTheMiddle(signal: NodeJS.Signals) {
  const { child, ended } = start();
  await expect
    .poll(async () => (await readdir(world.lake, { recursive: true })).filter((name) => name.endsWith(".partial")), {
      timeout: 30_000,
      interval: 5,
    })
    .toHaveLength(1);
  child.kill(signal);
  return ended;
}

test("a run that is killed leaves no file that a reader finds, and Ctrl-C leaves nothing at all", async () => {
  expect(await endInTheMiddle("SIGINT")).toMatchObject({ code: 130, out: "" });
  expect(await readdir(world.lake)).toEqual([]);
  expect(await endInTheMiddle("SIGKILL")).toMatchObject({ signal: "SIGKILL", out: "" });
  const left = await readdir(world.lake, { recursive: true });
  expect(left.filter((name) => !name.startsWith(".unfinished-"))).toEqual([]);
});

test("100,000 rows of 4 kB pass through the 256 MB that the conversion may hold", async () => {
  const { code, out, err } = await start("--memory-mb", "256").ended;
  expect(code, err).toBe(0);
  const report = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
  expect(report.tables).toMatchObject([{ table: "public.wide", rows: rowCount }]);
  const sums =
    "select count(distinct id)::int n, sum(length(t))::varchar chars, sum(t = repeat(md5(id::varchar), 125))::int same";
  expect(await world.read("public.wide", `${sums} from read_parquet($file)`)).toEqual([
    { n: rowCount, chars: String(rowCount * 4_000), same: rowCount },
  ]);
});

test("a problem is one sentence and exit code 1", async () => {
  const { code, err } = await start("--where", "public.narrow: id = 1").ended;
  expect({ code, err }).toEqual({ code: 1, err: "--where names public.narrow, which --tables does not\n" });
});
