import type { ConsumerMetrics, ConsumerWarning, GapEvent } from "@maru/client/events";

/** What a consumer has seen since its process began. */
export interface ConsumerReport {
  readonly handled: number;
  readonly repeatsDropped: number;
  readonly healed: number;
  /** Entries that could not be had. */
  readonly gaps: number;
  readonly parked: number;
  readonly warnings: Readonly<Record<string, number>>;
}

/** Counts for the run that started this consumer. */
export function startReport() {
  const soFar = {
    handled: 0,
    repeatsDropped: 0,
    healed: 0,
    gaps: 0,
    parked: 0,
    warnings: {} as Record<string, number>,
  };
  const metrics: ConsumerMetrics = {
    watch: () => ({
      delivered() {},
      retried() {},
      repeatDropped: () => void soFar.repeatsDropped++,
      healed(entryCount) {
        soFar.healed += entryCount;
      },
      gapTold() {},
      parked: () => void soFar.parked++,
      skipped() {},
      redriven() {},
      committed() {},
      closed() {},
    }),
  };
  return {
    soFar: soFar as ConsumerReport,
    metrics,
    handled: () => void soFar.handled++,
    gap({ firstMissingSeq, lastMissingSeq }: GapEvent) {
      soFar.gaps += lastMissingSeq - firstMissingSeq + 1;
    },
    warned({ code }: ConsumerWarning) {
      soFar.warnings[code] = (soFar.warnings[code] ?? 0) + 1;
    },
  };
}

/** The sum over consumers, and over the lives of each. */
export function sumReports(reports: Iterable<ConsumerReport>): ConsumerReport {
  const sum = { handled: 0, repeatsDropped: 0, healed: 0, gaps: 0, parked: 0, warnings: {} as Record<string, number> };
  for (const { warnings, ...counts } of reports) {
    for (const [name, count] of Object.entries(counts)) sum[name as keyof typeof counts] += count;
    for (const [code, count] of Object.entries(warnings)) sum.warnings[code] = (sum.warnings[code] ?? 0) + count;
  }
  return sum;
}
