import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startChatWriter } from "../../src/monolith/chat-writer.ts";
import { createDice } from "../../src/monolith/dice.ts";
import { type MigrateWorld, verifyWorld } from "../migrate-world.ts";

export interface ChaosPlan {
  readonly kills: number;
  readonly seed: number;
  /** So that a copy is long enough to be killed. */
  readonly unitsPerSecond: number;
  readonly say: (line: string) => void;
}

export interface ChaosOutcome {
  readonly kills: { readonly copy: number; readonly follow: number };
  readonly committed: number;
  readonly rooms: number;
  readonly messages: number;
  readonly differences: readonly object[];
  /** Of the copy: source = copied + rejected. */
  readonly counts: Readonly<Record<string, { source: number; copied: number; rejected: number }>>;
  readonly followRejected: number;
}

const main = join(import.meta.dirname, "../../src/main.ts");

/** People chat all along, while copy and follow are killed with SIGKILL at random times; then it is let catch up, and compared. */
export async function runChaos(world: MigrateWorld, plan: ChaosPlan): Promise<ChaosOutcome> {
  const dice = createDice(plan.seed);
  const mappingFile = join(world.folder, "mapping.yaml");
  await writeFile(mappingFile, world.mappingFile);
  const shared = ["--source", world.source, "--mapping", mappingFile, "--name", world.migration, "--out", world.folder];
  const target = [
    "--endpoint",
    world.endpoint,
    "--table",
    world.target.table,
    "--control-table",
    world.target.controlTable,
    "--json",
  ];
  const run = (...args: string[]) =>
    spawn(process.execPath, [main, ...args, ...shared, ...target], { stdio: ["ignore", "pipe", "pipe"] });
  const texts = ["hello", "are you there?", "yes", "the price is 20", "예, 좋아요 👍", "x".repeat(3_000)];
  const writer = await startChatWriter({ source: world.source, writers: 3, seed: plan.seed, texts, pauseMs: 25 });
  const kills = { copy: 0, follow: 0 };
  const counts: ChaosOutcome["counts"] = {};
  try {
    for (;;) {
      const copyArgs = [
        "copy",
        "--rooms-per-chunk",
        "2",
        "--parallel",
        "2",
        "--units-per-second",
        String(plan.unitsPerSecond),
      ];
      const killAfterMs = kills.copy < plan.kills / 2 ? 800 + dice.int(4_000) : undefined;
      const ended = await runAndKill(run(...copyArgs), killAfterMs);
      if (ended.kind === "done") {
        Object.assign(counts, (JSON.parse(ended.output.trim().split("\n").at(-1) ?? "{}") as ChaosOutcome).counts);
        break;
      }
      kills.copy++;
      plan.say(`kill ${kills.copy}: copy, after ${killAfterMs} ms`);
    }
    while (kills.copy + kills.follow < plan.kills) {
      const killAfterMs = 800 + dice.int(4_000);
      await runAndKill(run("follow"), killAfterMs);
      kills.follow++;
      plan.say(`kill ${kills.copy + kills.follow}: follow, after ${killAfterMs} ms`);
      await sleep(dice.int(300));
    }
  } finally {
    await writer.stop();
  }
  const end = await runAndKill(run("follow", "--until-caught-up"), undefined);
  const { rejected = 0, wrongSide = 0 } = JSON.parse(end.output.trim().split("\n").at(-1) ?? "{}") as {
    rejected?: number;
    wrongSide?: number;
  };
  const report = await verifyWorld(world);
  const { rooms, messages, differences } = report;
  return {
    kills,
    committed: writer.committed,
    rooms,
    messages,
    differences,
    counts,
    followRejected: rejected + wrongSide,
  };
}

async function runAndKill(
  child: ChildProcess,
  killAfterMs: number | undefined,
): Promise<{ kind: "done" | "killed"; output: string }> {
  const said = { output: [] as Buffer[], errors: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => void said.output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => void said.errors.push(chunk));
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const { code, signal } = await exit;
  clearTimeout(timer);
  const output = Buffer.concat(said.output).toString();
  if (signal === "SIGKILL") return { kind: "killed", output };
  if (code !== 0) throw new Error(`${child.spawnargs[2]} ended with ${code}: ${Buffer.concat(said.errors)}`);
  return { kind: "done", output };
}
