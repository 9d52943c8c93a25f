import { parseArgs } from "node:util";
import { findPlantedFault } from "./find-planted-fault.ts";
import { plantedFaults } from "./planted-faults.ts";
import { runChunks } from "./run-chunks.ts";
import type { ChunkResult } from "./simulate-chunk.ts";

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
  const count = wholeNumber("schedules", values.schedules ?? "100000");
  const firstSeed = wholeNumber("seed", values.seed);
  const startedAtMs = realNow();
  let [done, toldAtMs] = [0, startedAtMs];
  const chunk = { firstSeed, count, keepGoing: values["keep-going"], history: values.history };
  const results = await runChunks(chunk, {
    isStopped: () => isStopped,
    onText: (text) => console.log(text),
    onSchedule() {
      done++;
      if (realNow() - toldAtMs < tellEveryMs) return;
      toldAtMs = realNow();
      console.log(`${done} of ${count} schedules, ${secondsSince(startedAtMs)} s`);
    },
  });
  const sum = (of: (result: ChunkResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const failedSeeds = results.flatMap((result) => result.failedSeeds);
  const summary = {
    schedules: sum(({ schedules }) => schedules),
    firstSeed,
    steps: sum(({ steps }) => steps),
    virtualHours: Math.round(sum(({ virtualMs }) => virtualMs) / 36_000) / 100,
    happened: sumUp(results.map(({ happened }) => happened)),
    seconds: secondsSince(startedAtMs),
    trace: hashOf(results.flatMap(({ hashes }) => hashes)),
    failedSeeds,
  };
  console.log(JSON.stringify(summary));
  return failedSeeds.length;
}

async function plant(): Promise<number> {
  Error.stackTraceLimit = 0;
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

function sumUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [what, count] of counts.flatMap((one) => Object.entries(one))) total[what] = (total[what] ?? 0) + count;
  return Object.fromEntries(Object.entries(total).sort(([a], [b]) => a.localeCompare(b)));
}

function hashOf(hashes: readonly string[]): string {
  const hash = hashes.reduce((all, one) => (Math.imul(all, 31) + Number.parseInt(one, 16)) >>> 0, 0);
  return hash.toString(16).padStart(8, "0");
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
}

function secondsSince(startedAtMs: number): number {
  return Math.round((realNow() - startedAtMs) / 100) / 10;
}
