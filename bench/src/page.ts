import { parseArgs } from "node:util";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder } from "./measure/report.ts";
import { measurePages } from "./page/measure-pages.ts";
import { pageSize } from "./page/page-orders.ts";
import { showPages, summarizePages, targets } from "./page/summarize-pages.ts";

/** ListMessages through gRPC, from the table and from the cache, against the query of the same page with the SDK. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "5" },
      callers: { type: "string", default: "16" },
      "warm-up": { type: "string", default: "4000" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const plan = {
    callers: wholeNumber("--callers", values.callers),
    rounds: wholeNumber("--rounds", values.rounds),
    durationMs: wholeNumber("--seconds", values.seconds) * 1000,
    warmUpPages: wholeNumber("--warm-up", values["warm-up"]),
  };
  const conditions = { ...circumstances(), callers: plan.callers, rounds: plan.rounds };
  const summaries = summarizePages(await measurePages(plan));
  process.stdout.write(showPages(plan, summaries));
  await report(values.results, "page", {
    bench: "page",
    ...conditions,
    seconds: plan.durationMs / 1000,
    page_size: pageSize,
    target_ratios: targets,
    ...summaries,
  });
}
