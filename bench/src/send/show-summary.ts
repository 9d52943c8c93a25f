import { table } from "../measure/report.ts";
import type { Load } from "./load.ts";
import type { Storage } from "./measure-storage.ts";
import type { SideSummary, Summary } from "./summary.ts";

export const targetRatio = 0.8;
const processes = ["client", "server", "engine"];

function totalCpuMicros(side: SideSummary): number {
  return Object.values(side.cpu_us_per_operation).reduce((sum, micros) => sum + micros, 0);
}

export function showSummary(storage: Storage, { callers, durationMs }: Load, summary: Summary): string {
  const { raw, maru, maru_client, ratio, ratio_maru_client } = summary;
  const row = (name: string, side: SideSummary) => [
    name,
    side.per_second.toFixed(0),
    side.p50_ms.toFixed(1),
    side.p99_ms.toFixed(1),
    ...processes.map((process) => side.cpu_us_per_operation[process]?.toFixed(0) ?? "–"),
    totalCpuMicros(side).toFixed(0),
    side.rounds_per_second.map((rate) => rate.toFixed(0)).join(" "),
  ];
  const head = [
    "",
    "per second",
    "p50 ms",
    "p99 ms",
    ...processes.map((name) => `${name} µs CPU`),
    "together",
    "each round",
  ];
  return `DynamoDB Local, ${storage === "memory" ? "in memory" : "on disk"}, stream on; ${callers} callers in ${callers} rooms, \
rounds of ${durationMs / 1000} s, alternating

${table([head, row("SendMessage", maru), row("by @maru/client", maru_client), row("the same puts", raw)])}

ratio ${ratio.toFixed(2)}, by @maru/client ${ratio_maru_client.toFixed(2)}; target ${targetRatio}: ${ratio >= targetRatio ? "met" : "missed"}.

`;
}
