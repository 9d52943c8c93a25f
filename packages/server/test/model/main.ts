import { parseArgs } from "node:util";
import { createMemoryStore } from "../../src/store/memory.ts";
import { loadDomain, ownDomainUrl } from "./domain-module.ts";
import { findFault } from "./find-fault.ts";
import { plantedFaults } from "./planted-faults.ts";
import { runSchedule } from "./run-schedule.ts";

const help = `Checks the room log with random schedules on the store in memory.

  node packages/server/test/model/main.ts [--runs 20000] [--seed 1] [--keep-going] [--history]
  node packages/server/test/model/main.ts --faults [--runs 3000] [--seed 1] [--only fold]

  --runs        how many schedules (default 20000)
  --seed        the first one's seed; each next one's is higher by one (default 1)
  --keep-going  do not stop at the first violation
  --faults      instead: take out the log's rules one by one, and see that each fault is found within so many schedules
  --only        of the faults only those whose names hold this text
  --history     print the calls of a schedule that violates

The last line is one JSON object. The exit code is 1 when a schedule violates, or a fault is not found.`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    "keep-going": { type: "boolean", default: false },
    faults: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    history: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(help);
} else {
  process.exitCode = (await (values.faults ? plant() : main())) === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const module = await loadDomain(ownDomainUrl);
  const [runs, firstSeed] = [Number(values.runs), Number(values.seed)];
  const startedAtMs = Date.now();
  const failedSeeds: number[] = [];
  let [done, calls, entries] = [0, 0, 0];
  for (; done < runs && (values["keep-going"] || failedSeeds.length === 0); done++) {
    const seed = firstSeed + done;
    const result = await runSchedule(seed, { store: createMemoryStore(), patienceMs: 0 }, module);
    calls += result.history.length;
    entries += result.entries;
    if (result.violations.length > 0) {
      failedSeeds.push(seed);
      console.log(`seed ${seed}:\n  ${result.violations.slice(0, 5).join("\n  ")}`);
      if (values.history) for (const call of result.history) console.log(JSON.stringify(call, printable));
    }
    if ((done + 1) % 1_000 === 0) console.log(`${done + 1} of ${runs} schedules, ${failedSeeds.length} failed`);
  }
  console.log(JSON.stringify({ runs: done, firstSeed, calls, entries, seconds: seconds(startedAtMs), failedSeeds }));
  return failedSeeds.length;
}

async function plant(): Promise<number> {
  const startedAtMs = Date.now();
  const missed: string[] = [];
  const chosen = plantedFaults.filter(({ name }) => name.includes(values.only));
  for (const fault of chosen) {
    const { seed, schedules, violation } = await findFault(fault, Number(values.seed), Number(values.runs));
    if (schedules === undefined) missed.push(fault.name);
    console.log(
      `${schedules === undefined ? "NOT FOUND" : `${schedules}, seed ${seed}`}: ${fault.name}${violation === undefined ? "" : `\n    ${violation}`}`,
    );
  }
  console.log(JSON.stringify({ faults: chosen.length, missed, seconds: seconds(startedAtMs) }));
  return missed.length;
}

function seconds(sinceMs: number): number {
  return Math.round((Date.now() - sinceMs) / 100) / 10;
}

function printable(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? value.stack : value;
}
