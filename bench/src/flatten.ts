import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureHandler } from "./flatten/measure-handler.ts";
import { measureSql } from "./flatten/measure-sql.ts";
import { showHandler, showSql, targetRatio } from "./flatten/show-flatten.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder } from "./measure/report.ts";

const help = `usage: npm run bench -- flatten [options]

Records per second and core of the lake's handler, against parsing and printing the same JSON alone; then a day of rows as
gzip JSON against the same rows as Parquet (zstd): bytes, and time of the same queries in Trino, which is started with
an object store (the first time they are fetched and built). Both parts take rooms in which real conversations take place.

  --records N         records of a round of the handler, in events of 500 (default 20000)
  --rounds N          rounds of each side; the median counts (default 7)
  --file F            conversations, one line of JSON for each message, gzipped or not (default: those of the demo)
  --no-sql            only the handler: no Trino is needed
  --rows N            rows of the day; they are held in memory, some 600 bytes each (default 200000)
  --query-rounds N    how often each format is asked each query (default 3)
  --buffer-seconds N  how long Firehose gathers what it writes as one object (default 60, as in the template)
  --results FOLDER    where flatten.json goes; empty for nowhere (default bench/results)
  --help
`;

const demoFile = join(import.meta.dirname, "../../examples/demo/data/irc-20-rooms.ndjson.gz");

/** What the way to the lake costs, and what asking it costs. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: "string", default: "20000" },
      rounds: { type: "string", default: "7" },
      file: { type: "string", default: demoFile },
      "no-sql": { type: "boolean", default: false },
      rows: { type: "string", default: "200000" },
      "query-rounds": { type: "string", default: "3" },
      "buffer-seconds": { type: "string", default: "60" },
      results: { type: "string", default: resultsFolder },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const { file } = values;
  const records = wholeNumber("--records", values.records);
  const rounds = wholeNumber("--rounds", values.rounds);
  const rows = wholeNumber("--rows", values.rows);
  const queryRounds = wholeNumber("--query-rounds", values["query-rounds"]);
  const bufferSeconds = wholeNumber("--buffer-seconds", values["buffer-seconds"]);

  const conditions = { ...circumstances(), rounds };
  const handler = await measureHandler({ file, records, rounds });
  process.stdout.write(showHandler(handler));
  const sql = values["no-sql"] ? undefined : await askBothFormats({ file, rows, rounds: queryRounds, bufferSeconds });
  await report(values.results, "flatten", {
    ...{ bench: "flatten", ...conditions, ...handler, target_ratio: targetRatio },
    ...(sql !== undefined && { sql }),
  });
}

async function askBothFormats(plan: { file: string; rows: number; rounds: number; bufferSeconds: number }) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const say = (line: string) => void process.stderr.write(`${Math.round(performance.now() / 1000)} s  ${line}\n`);
  const { load_before } = circumstances();
  const figures = await measureSql({ ...plan, signal: stop.signal, say });
  process.stdout.write(showSql(figures));
  return { load_before, query_rounds: plan.rounds, buffer_seconds: plan.bufferSeconds, ...figures };
}
