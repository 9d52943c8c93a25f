import { parseArgs } from "node:util";
import { findPlantedFault } from "./find-planted-fault.ts";
import { plantedFaults } from "./planted-faults.ts";
import { runSimulation } from "./run-simulation.ts";

const help = `Runs the whole way from senders to handlers without engines: the real domain over the store in memory, the real
relay over a stream and leases in memory, Kafka in memory, and the real consumer, in virtual time. Each schedule draws its
own weather from its seed: lost requests and answers, slow networks, machines that die, stand still and wake up, shards that
roll and are trimmed, rebalances, handlers that fail, and agents that lose events. The same seed is the same run.

  npm run simulate -- [--schedules 100000] [--seed 1] [--keep-going] [--history]
  npm run simulate -- --faults [--schedules 2000] [--seed 1] [--only lease]

  --schedules   how many (default 100,000; 2,000 for each of --faults)
  --seed        the first one's seed; each next one's is higher by one (default 1). With --schedules 1 it runs one again
  --keep-going  do not stop at the first violation
  --history     print what happened in a schedule that violates
  --faults      instead: take out the rules one by one, and see that each fault is found within so many schedules
  --only        of the faults only those whose names hold this text

Ctrl-C ends it after the schedule that runs. The last line is one JSON object. The exit code is 1 when a schedule violates,
or a fault is not found.`;

const { values } = parseArgs({
  options: {
    schedules: { type: "string" },
    seed: { type: "string", default: "1" },
    "keep-going": { type: "boolean", default: false },
    history: { type: "boolean", default: false },
    faults: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

const tellEveryMs = 5_000;
const realNow = Date.now;
// Schedules make errors by the thousand, and nobody reads where they come from.
if (!values.history) Error.stackTraceLimit = 0;
let isStopped = false;
process.once("SIGINT", () => {
  isStopped = true;
});

if (values.help) {
  console.log(help);
} else {
  process.exitCode = (await (values.faults ? plant() : simulate())) === 0 ? 0 : 1;
}

async function simulate(): Promise<number> {
  const schedules = wholeNumber("schedules", values.schedules ?? "100000");
  const firstSeed = wholeNumber("seed", values.seed);
  const startedAtMs = realNow();
  const failedSeeds: number[] = [];
  const counts = new Map<string, number>();
  let [done, steps, virtualMs, hash, toldAtMs] = [0, 0, 0, 0, startedAtMs];
  for (; done < schedules && !isStopped && (values["keep-going"] || failedSeeds.length === 0); done++) {
    const seed = firstSeed + done;
    const result = await runSimulation(seed);
    const { history, violations } = result;
    steps += result.steps;
    virtualMs += result.virtualMs;
    hash = (Math.imul(hash, 31) + Number.parseInt(history.hash, 16)) >>> 0;
    for (const [what, count] of history.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    if (violations.length > 0) {
      failedSeeds.push(seed);
      if (values.history) console.log(`${history.lines.join("\n")}\n${JSON.stringify(result.weather)}`);
      console.log(`seed ${seed}:\n  ${violations.slice(0, 5).join("\n  ")}`);
    }
    if (realNow() - toldAtMs < tellEveryMs) continue;
    toldAtMs = realNow();
    console.log(`${done + 1} of ${schedules} schedules, ${failedSeeds.length} failed, ${secondsSince(startedAtMs)} s`);
  }
  const happened = Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
  const virtualHours = Math.round(virtualMs / 36_000) / 100;
  const seconds = secondsSince(startedAtMs);
  const trace = hash.toString(16).padStart(8, "0");
  console.log(
    JSON.stringify({ schedules: done, firstSeed, steps, virtualHours, happened, seconds, trace, failedSeeds }),
  );
  return failedSeeds.length;
}

async function plant(): Promise<number> {
  const schedules = wholeNumber("schedules", values.schedules ?? "2000");
  const startedAtMs = realNow();
  const missed: string[] = [];
  const chosen = plantedFaults.filter(({ name }) => name.includes(values.only));
  for (const fault of chosen) {
    if (isStopped) break;
    const found = await findPlantedFault(fault, wholeNumber("seed", values.seed), schedules);
    if (found === undefined) missed.push(fault.name);
    console.log(
      found === undefined ? `NOT FOUND: ${fault.name}` : `seed ${found.seed}: ${fault.name}\n    ${found.violation}`,
    );
  }
  console.log(JSON.stringify({ faults: chosen.length, missed, seconds: secondsSince(startedAtMs) }));
  return missed.length;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
}

function secondsSince(startedAtMs: number): number {
  return Math.round((realNow() - startedAtMs) / 100) / 10;
}
