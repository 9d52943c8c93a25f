import { median } from "../measure/quantile.ts";
import { table } from "../measure/report.ts";
import { type PagePlan, type PageRound, type PageRounds, type SideName, sideNames } from "./measure-pages.ts";
import { pageSize } from "./page-orders.ts";

export const targets = { cold: 0.5, cached: 1 };

/** Medians over the rounds of one side. */
export interface PageSummary {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us_per_page: Readonly<Record<string, number>>;
  readonly rounds_per_second: readonly number[];
}

export type PageSummaries = Readonly<Record<SideName, PageSummary>> & {
  /** Of the rates, to the raw side's. */
  readonly cold_ratio: number;
  readonly cached_ratio: number;
};

export function summarizePages(rounds: PageRounds): PageSummaries {
  const sides = {
    raw: summarizeSide(rounds.raw),
    cold: summarizeSide(rounds.cold),
    cached: summarizeSide(rounds.cached),
  };
  return {
    ...sides,
    cold_ratio: sides.cold.per_second / sides.raw.per_second,
    cached_ratio: sides.cached.per_second / sides.raw.per_second,
  };
}

function summarizeSide(rounds: readonly PageRound[]): PageSummary {
  const processes = Object.keys(rounds[0]?.cpuMicrosPerPage ?? {});
  const over = (read: (round: PageRound) => number) => median(rounds.map(read));
  return {
    per_second: over(({ perSecond }) => perSecond),
    p50_ms: over(({ p50Ms }) => p50Ms),
    p99_ms: over(({ p99Ms }) => p99Ms),
    cpu_us_per_page: Object.fromEntries(
      processes.map((name) => [name, over(({ cpuMicrosPerPage }) => cpuMicrosPerPage[name] ?? Number.NaN)]),
    ),
    rounds_per_second: rounds.map(({ perSecond }) => perSecond),
  };
}

const titles: Readonly<Record<SideName, string>> = {
  raw: "the raw query",
  cold: "ListMessages, nothing cached",
  cached: "ListMessages, rooms cached",
};
const processes = ["client", "server", "engine"];

export function showPages({ callers, durationMs }: PagePlan, summaries: PageSummaries): string {
  const rows = sideNames.map((name) => {
    const side = summaries[name];
    return [
      titles[name],
      side.per_second.toFixed(0),
      side.p50_ms.toFixed(1),
      side.p99_ms.toFixed(1),
      ...processes.map((process) => side.cpu_us_per_page[process]?.toFixed(0) ?? "–"),
      (side.per_second / summaries.raw.per_second).toFixed(2),
      side.rounds_per_second.map((rate) => rate.toFixed(0)).join(" "),
    ];
  });
  const cpu = processes.map((name) => `${name} µs CPU`);
  const head = ["", "pages/s", "p50 ms", "p99 ms", ...cpu, "ratio", "each round"];
  const { cold_ratio, cached_ratio } = summaries;
  return `Pages of the newest ${pageSize} messages; DynamoDB Local in memory; ${callers} callers in ${callers} rooms, \
rounds of ${durationMs / 1000} s, alternating

${table([head, ...rows])}

cold: ratio ${cold_ratio.toFixed(2)}, target ${targets.cold}: ${cold_ratio >= targets.cold ? "met" : "missed"}; \
cached: ratio ${cached_ratio.toFixed(2)}, target above ${targets.cached}: \
${cached_ratio > targets.cached ? "met" : "missed"}.

`;
}
