import { table } from "../measure/report.ts";
import type { HandlerFigures } from "./measure-handler.ts";
import type { SqlFigures } from "./measure-sql.ts";

export const targetRatio = 0.5;

export function showHandler({ prepared, bare, maru, ratio }: HandlerFigures): string {
  const { records, events, bytes, operations } = prepared;
  const sides = Object.entries({ "parse and print": bare, "the handler": maru });
  const rows = sides.map(([name, side]) => [
    name,
    side.per_second_and_core.toFixed(0),
    side.cpu_us_per_record.toFixed(1),
    side.rounds_per_second_and_core.map((rate) => rate.toFixed(0)).join(" "),
  ]);
  const kinds = Object.entries(operations).map(([name, count]) => `${count} ${name}`);
  return `${records} records (${kinds.join(", ")}) in ${events} events, ${(bytes / records).toFixed(0)} bytes of JSON each; \
CPU time of the process, rounds alternating.
The handler: parses the event, makes rows by the policy that is shipped, hands them to a stream that takes all. The other
side: JSON.parse and JSON.stringify of the same events.

${table([["", "records/s and core", "µs CPU", "each round"], ...rows])}

Ratio ${ratio.toFixed(2)}, target ${targetRatio}: ${ratio >= targetRatio ? "met" : "missed"}.

`;
}

export function showSql(figures: SqlFigures): string {
  const { json, parquet, queries, convert_ms, bytes_ratio, time_ratio, read_ratio } = figures;
  const asked = queries.map(({ query, ratio, ...sides }) => [
    query,
    sides.json.median_ms.toFixed(0),
    sides.parquet.median_ms.toFixed(0),
    ratio.toFixed(1),
    megabytes(sides.json.read_bytes),
    megabytes(sides.parquet.read_bytes),
  ]);
  return `${figures.rows} rows of one day, as Firehose writes them and as Parquet (zstd), asked the same in Trino.

${table([
  ["", "objects", "MB"],
  ["gzip JSON", String(json.objects), megabytes(json.bytes)],
  ["Parquet", String(parquet.objects), megabytes(parquet.bytes)],
])}

${table([["", "JSON ms", "Parquet ms", "ratio", "JSON MB read", "Parquet MB read"], ...asked])}

JSON has ${bytes_ratio.toFixed(1)} times the bytes of Parquet; a query takes ${time_ratio.toFixed(1)} times as long and reads \
${read_ratio.toFixed(1)} times as much (medians). To convert the day took ${(convert_ms / 1000).toFixed(1)} s.
${recommend(figures)}

`;
}

/** The conversion reads all of the JSON once: so many queries it is worth. */
function recommend({ convert_ms, queries }: SqlFigures): string {
  const savedMs = queries.reduce((sum, { json, parquet }) => sum + json.median_ms - parquet.median_ms, 0);
  if (savedMs <= 0) return "These rows are not worth a conversion: JSON is asked as fast.";
  const each = savedMs / queries.length;
  return `A conversion pays once a day is asked more than ${Math.ceil(convert_ms / each)} times; below that, leave it as JSON. \
bench/README.md says how to convert.`;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
