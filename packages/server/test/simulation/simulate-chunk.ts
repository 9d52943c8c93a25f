import { runSimulation } from "./run-simulation.ts";

export interface Chunk {
  readonly firstSeed: number;
  readonly count: number;
  readonly keepGoing: boolean;
  /** Print what happened in a schedule that violates. */
  readonly history: boolean;
}

export interface ChunkResult {
  readonly schedules: number;
  readonly steps: number;
  readonly virtualMs: number;
  /** Of the histories of all schedules, in their order. */
  readonly hashes: readonly string[];
  readonly happened: Readonly<Record<string, number>>;
  readonly failedSeeds: readonly number[];
}

/** What a chunk is told, and what it tells of. */
export interface ChunkWatch {
  isStopped(): boolean;
  onText(text: string): void;
  onSchedule(): void;
}

/** Some schedules, one after the other. */
export async function simulateChunk(chunk: Chunk, watch: ChunkWatch): Promise<ChunkResult> {
  const { firstSeed, count, keepGoing } = chunk;
  // Schedules make errors by the thousand, and nobody reads where they come from.
  if (!chunk.history) Error.stackTraceLimit = 0;
  const failedSeeds: number[] = [];
  const hashes: string[] = [];
  const happened: Record<string, number> = {};
  let [steps, virtualMs] = [0, 0];
  for (let done = 0; done < count && !watch.isStopped() && (keepGoing || failedSeeds.length === 0); done++) {
    const seed = firstSeed + done;
    const { history, violations, ...result } = await runSimulation(seed);
    steps += result.steps;
    virtualMs += result.virtualMs;
    hashes.push(history.hash);
    for (const [what, times] of history.counts) happened[what] = (happened[what] ?? 0) + times;
    if (violations.length > 0) {
      failedSeeds.push(seed);
      if (chunk.history) watch.onText(`${history.lines.join("\n")}\n${JSON.stringify(result.weather)}`);
      watch.onText(`seed ${seed}:\n  ${violations.slice(0, 5).join("\n  ")}`);
    }
    watch.onSchedule();
  }
  return { schedules: hashes.length, steps, virtualMs, hashes, happened, failedSeeds };
}
