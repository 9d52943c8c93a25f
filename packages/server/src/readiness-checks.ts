import type { ReadinessCheck } from "./api/readiness.ts";
import type { Clock } from "./domain/clock.ts";
import type { TableClient } from "./store/client.ts";
import { probeTable } from "./store/probe.ts";

const maxClockSkewMs = 2_000;
/** The table's header has whole seconds, cut off. */
const headerResolutionMs = 1_000;

/** The table answers, and its clock and ours agree: keys of requests and times of entries hang on the clock. */
export function tableCheck(client: TableClient, tableName: string, clock: Clock): ReadinessCheck {
  return {
    name: "table",
    async check() {
      const askedAtMs = clock.nowMs();
      const { tableTimeMs } = await probeTable(client, tableName);
      const skewMs = clockSkewMs(askedAtMs, clock.nowMs(), tableTimeMs);
      if (skewMs > maxClockSkewMs) {
        throw new Error(`the clock is ${skewMs} ms off the table's, and at most ${maxClockSkewMs} ms is allowed`);
      }
    },
  };
}

/** By how much the clocks differ at least; 0 when the table's time may lie between the question and the answer. */
export function clockSkewMs(askedAtMs: number, answeredAtMs: number, tableTimeMs: number | undefined): number {
  if (tableTimeMs === undefined) return 0;
  return Math.max(0, tableTimeMs - answeredAtMs, askedAtMs - (tableTimeMs + headerResolutionMs));
}
