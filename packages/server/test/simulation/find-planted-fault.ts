import type { Twist } from "./planted-faults.ts";
import { runSimulation } from "./run-simulation.ts";

/** Takes a rule out, and runs schedules until one shows it. */
export async function findPlantedFault(
  fault: Twist,
  firstSeed: number,
  maxSchedules: number,
): Promise<{ readonly seed: number; readonly violation: string } | undefined> {
  for (let seed = firstSeed; seed < firstSeed + maxSchedules; seed++) {
    const { violations } = await runSimulation(seed, fault);
    const [violation] = violations;
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}
