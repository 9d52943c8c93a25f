import { median } from "../measure/quantile.ts";
import type { Round, Rounds, SideName } from "./measure-storage.ts";

/** Medians over the rounds of one side. */
export interface SideSummary {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_operation: Readonly<Record<string, number>>;
  readonly rounds_per_second: readonly number[];
}

export interface Summary extends Readonly<Record<SideName, SideSummary>> {
  /** Of the rates of `maru` and `raw`. */
  readonly ratio: number;
  readonly ratio_maru_client: number;
}

export function summarize({ raw, maru, maru_client }: Rounds): Summary {
  const sides = { raw: summarizeSide(raw), maru: summarizeSide(maru), maru_client: summarizeSide(maru_client) };
  const ratioOf = (side: SideSummary) => side.per_second / sides.raw.per_second;
  return { ...sides, ratio: ratioOf(sides.maru), ratio_maru_client: ratioOf(sides.maru_client) };
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
