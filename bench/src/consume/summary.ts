import { median } from "../measure/quantile.ts";
import type { Consumed } from "./side-orders.ts";

export interface ConsumePlan {
  readonly events: number;
  readonly rooms: number;
  readonly rounds: number;
}

/** Medians over the rounds of one side. */
export interface ConsumeSummary {
  readonly per_second: number;
  readonly cpu_us_per_event: number;
  readonly rounds_per_second: readonly number[];
}

export function summarizeSide(rounds: readonly Consumed[], events: number): ConsumeSummary {
  const rates = rounds.map(({ ms }) => (events / ms) * 1000);
  return {
    per_second: median(rates),
    cpu_us_per_event: median(rounds.map(({ cpuMicros }) => cpuMicros / events)),
    rounds_per_second: rates,
  };
}
