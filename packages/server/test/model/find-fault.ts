import { cp, mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createMemoryStore } from "../../src/store/memory.ts";
import { loadDomain, ownDomainUrl } from "./domain-module.ts";
import type { PlantedFault } from "./fault.ts";
import { knownSeeds } from "./known-seeds.ts";
import { runSchedule } from "./run-schedule.ts";

export interface Finding {
  readonly name: string;
  /** The seed of the schedule that showed it; undefined: the fault was not found. */
  readonly seed: number | undefined;
  /** How many schedules it took. */
  readonly schedules: number | undefined;
  readonly violation: string | undefined;
}

type Run = (...args: Parameters<typeof runSchedule>) => Promise<{ readonly violations: readonly string[] }>;

/** Inside the package, so that the copies find what they import. */
const mutantsUrl = new URL("../../.mutants/", import.meta.url);

/** Plants a fault in a copy of the domain, and runs schedules until one shows it. */
export async function findFault(
  fault: PlantedFault,
  firstSeed: number,
  maxSchedules: number,
  run: Run = runSchedule,
): Promise<Finding> {
  const folder = new URL(`${process.pid}-${fault.name.replaceAll(/\W+/g, "-")}/`, mutantsUrl);
  try {
    await copyWith(fault, folder);
    const module = await loadDomain(new URL("domain/", folder));
    let schedules = 0;
    for (const seed of seedsToTry(fault, firstSeed, maxSchedules)) {
      schedules++;
      const options = { store: createMemoryStore(), patienceMs: 0 };
      const violation = await firstViolation(() => run(seed, options, module));
      if (violation !== undefined) return { name: fault.name, seed, schedules, violation };
    }
    return { name: fault.name, seed: undefined, schedules: undefined, violation: undefined };
  } finally {
    await rm(folder, { recursive: true, force: true });
    // Another run may be using it still.
    await rmdir(mutantsUrl).catch(() => undefined);
  }
}

function* seedsToTry({ name }: PlantedFault, firstSeed: number, maxSchedules: number): Generator<number> {
  const known = knownSeeds[name];
  if (known !== undefined) yield known;
  for (let seed = firstSeed; seed < firstSeed + maxSchedules; seed++) yield seed;
}

async function firstViolation(run: () => ReturnType<Run>): Promise<string | undefined> {
  try {
    return (await run()).violations[0];
  } catch (error) {
    return `broke: ${error}`;
  }
}

async function copyWith(fault: PlantedFault, folder: URL): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(ownDomainUrl, new URL("domain/", folder), {
    recursive: true,
    filter: (source) => !source.endsWith(".test.ts"),
  });
  await cp(new URL("../errors.ts", ownDomainUrl), new URL("errors.ts", folder));
  for (const { file, find, replace } of fault.edits) {
    const url = new URL(`domain/${file}`, folder);
    const text = await readFile(url, "utf8");
    const count = text.split(find).length - 1;
    if (count !== 1) throw new Error(`"${fault.name}" wants to replace what occurs ${count} times in ${file}: ${find}`);
    await writeFile(
      url,
      text.replace(find, () => replace),
    );
  }
}
