import type { FaultFindings } from "./fault-run.ts";

/** What is said of several runs: sums, and the longest times. */
export interface RunsSummary {
  readonly runs: number;
  readonly sent: number;
  readonly sendFailures: number;
  readonly entries: number;
  readonly inTopic: number;
  readonly repeats: number;
  readonly missing: number;
  readonly outOfOrder: number;
  readonly different: number;
  /** Holes, and messages that the table lacks, has twice, or has although nobody was told. */
  readonly wrongInTable: number;
  readonly longestSilenceMs: number;
  readonly longestDelayMs: number;
}

export function sumRuns(runs: readonly FaultFindings[]): RunsSummary {
  const sum = (of: (run: FaultFindings) => number) => runs.reduce((total, run) => total + of(run), 0);
  const longest = (of: (run: FaultFindings) => number) => runs.reduce((most, run) => Math.max(most, of(run)), 0);
  return {
    runs: runs.length,
    sent: sum((run) => run.sent),
    sendFailures: sum((run) => run.sendFailures),
    entries: sum((run) => run.entries),
    inTopic: sum((run) => run.topic.inTopic),
    repeats: sum((run) => run.topic.repeats),
    missing: sum((run) => run.topic.missing),
    outOfOrder: sum((run) => run.topic.outOfOrder),
    different: sum((run) => run.topic.different),
    wrongInTable: sum((run) => run.holes + run.missing + run.doubled + run.unacknowledged),
    longestSilenceMs: longest((run) => run.longestSilenceMs),
    longestDelayMs: longest((run) => run.longestDelayMs),
  };
}

/** Whether every promise was kept. Repeats and silence are none of them. */
export function isKept(summary: RunsSummary): boolean {
  const { sendFailures, missing, outOfOrder, different, wrongInTable } = summary;
  return sendFailures + missing + outOfOrder + different + wrongInTable === 0;
}
