import { parseArgs } from "node:util";
import { requestSizeBytes } from "./measure/message.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder } from "./measure/report.ts";
import { measureStorage, type Storage } from "./send/measure-storage.ts";
import { showSummary, targetRatio } from "./send/show-summary.ts";
import { summarize } from "./send/summary.ts";

/** SendMessage through gRPC, by a plain caller and by our client, against the same puts made directly with the SDK. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "5" },
      callers: { type: "string", default: "16" },
      storage: { type: "string", default: "both" },
      "warm-up": { type: "string", default: "10000" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const plan = {
    callers: wholeNumber("--callers", values.callers),
    rounds: wholeNumber("--rounds", values.rounds),
    durationMs: wholeNumber("--seconds", values.seconds) * 1000,
    warmUpOperations: wholeNumber("--warm-up", values["warm-up"]),
  };
  const conditions = { ...circumstances(), callers: plan.callers, rounds: plan.rounds };
  const storages = toStorages(values.storage);
  const results: Record<string, unknown> = {};
  for (const storage of storages) {
    const summary = summarize(await measureStorage(storage, plan));
    process.stdout.write(showSummary(storage, plan, summary));
    results[storage] = summary;
  }
  await report(values.results, "send", {
    bench: "send",
    ...conditions,
    seconds: plan.durationMs / 1000,
    request_bytes: requestSizeBytes,
    target_ratio: targetRatio,
    ...results,
  });
}

function toStorages(option: string): Storage[] {
  if (option === "both") return ["memory", "disk"];
  if (option === "memory" || option === "disk") return [option];
  throw new RangeError(`--storage must be memory, disk or both, not "${option}"`);
}
