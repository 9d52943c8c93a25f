import { quantile } from "../measure/quantile.ts";

/** An entry, once: when it was committed to the table, and when the topic had it. */
export interface Passage {
  readonly committedAtMs: number;
  readonly arrivedAtMs: number;
}

/** When the burst began and ended. */
export interface BurstTimes {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface BurstFigures {
  readonly usual_lag_p50_ms: number;
  readonly usual_lag_p99_ms: number;
  readonly burst_lag_p50_ms: number;
  /** The longest time from an entry's commit to its arrival, of those of the burst. */
  readonly peak_lag_ms: number;
  /** The most entries that were committed and had not arrived. */
  readonly peak_backlog: number;
  /** From the end of the burst until all of it had arrived. */
  readonly drain_ms: number;
}

export function burstFigures(passages: readonly Passage[], { fromMs, toMs }: BurstTimes): BurstFigures {
  const lags = (of: readonly Passage[]) => of.map(({ committedAtMs, arrivedAtMs }) => arrivedAtMs - committedAtMs);
  const usual = lags(passages.filter(({ committedAtMs }) => committedAtMs < fromMs));
  const burst = passages.filter(({ committedAtMs }) => committedAtMs >= fromMs && committedAtMs <= toMs);
  return {
    usual_lag_p50_ms: quantile(usual, 0.5),
    usual_lag_p99_ms: quantile(usual, 0.99),
    burst_lag_p50_ms: quantile(lags(burst), 0.5),
    peak_lag_ms: lags(burst).reduce((most, lag) => Math.max(most, lag), 0),
    peak_backlog: peakBacklog(passages),
    drain_ms: burst.reduce((last, { arrivedAtMs }) => Math.max(last, arrivedAtMs), toMs) - toMs,
  };
}

function peakBacklog(passages: readonly Passage[]): number {
  const steps = passages.flatMap(({ committedAtMs, arrivedAtMs }) => [
    { atMs: committedAtMs, by: 1 },
    { atMs: arrivedAtMs, by: -1 },
  ]);
  let backlog = 0;
  let peak = 0;
  // Of one millisecond, arrivals first: clocks of this resolution cannot tell.
  for (const { by } of steps.sort((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    backlog += by;
    peak = Math.max(peak, backlog);
  }
  return peak;
}
