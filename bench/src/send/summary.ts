import { median } from "../measure/quantile.ts";
import type { Round, Rounds } from "./measure-storage.ts";

/** Medians over the rounds of one side. */
export interface SideSummary {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_operation: Readonly<Record<string, number>>;
  readonly rounds_per_second: readonly number[];
}

export interface Summary {
  readonly maru: SideSummary;
  readonly raw: SideSummary;
  /** Of the rates. */
  readonly ratio: number;
}

export function summarize({ maru, raw }: Rounds): Summary {
  const sides = { maru: summarizeSide(maru), raw: summarizeSide(raw) };
  return { ...sides, ratio: sides.maru.per_second / sides.raw.per_second };
}

function summarizeSide(rounds: readonly Round[]): SideSummary {
  const processes = Object.keys(rounds[0]?.cpuMicrosPerOperation ?? {});
  const over = (read: (round: Round) => number) => median(rounds.map(read));
  return {
    per_second: over(({ perSecond }) => perSecond),
    p50_ms: over(({ p50Ms }) => p50Ms),
    p99_ms: over(({ p99Ms }) => p99Ms),
    cpu_us_per_operation: Object.fromEntries(
      processes.map((name) => [name, over(({ cpuMicrosPerOperation }) => cpuMicrosPerOperation[name] ?? Number.NaN)]),
    ),
    rounds_per_second: rounds.map(({ perSecond }) => perSecond),
  };
}
