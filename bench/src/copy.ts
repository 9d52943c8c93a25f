import { parseArgs } from "node:util";
import { startStack } from "@maru/devstack";
import { copyRound, type RoundResult } from "./copy/copy-round.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";

const targetRatio = 0.8;

/** Items per second of a migration's copy, against bare BatchWrite calls of the same items. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: "string", default: "200000" },
      rounds: { type: "string", default: "4" },
      parallel: { type: "string", default: "16" },
      conversations: { type: "string" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const rounds = wholeNumber("--rounds", values.rounds);
  const parallel = wholeNumber("--parallel", values.parallel);
  const messages = wholeNumber("--messages", values.messages);
  const conditions = circumstances();
  await using stack = await startStack({ postgres: true, dynamodb: true });
  const results: RoundResult[] = [];
  for (let round = 0; round < rounds; round++) {
    const plan = { round, parallel, messages: Math.ceil(messages / rounds), conversations: values.conversations };
    const result = await copyRound(stack, plan);
    results.push(result);
    process.stdout.write(`${roundText(result)}\n`);
  }
  const items = results.reduce((sum, one) => sum + one.items, 0);
  const rateOf = (side: "copySeconds" | "bareSeconds") => items / results.reduce((sum, one) => sum + one[side], 0);
  const ratios = results.map((one) => one.bareSeconds / one.copySeconds).sort((a, b) => a - b);
  const ratio = rateOf("copySeconds") / rateOf("bareSeconds");
  const rows = [
    ["", "items/s"],
    ["copy", rateOf("copySeconds").toFixed(0)],
    ["bare BatchWrite", rateOf("bareSeconds").toFixed(0)],
    ["ratio", ratio.toFixed(3)],
  ];
  process.stdout.write(`${table(rows)}\n`);
  const { length } = results;
  await report(values.results, "copy", {
    bench: "copy",
    ...conditions,
    messages: results.reduce((sum, one) => sum + one.messages, 0),
    items,
    rounds,
    parallel,
    copy_items_per_second: Math.round(rateOf("copySeconds")),
    copy_messages_per_second: Math.round(
      results.reduce((sum, one) => sum + one.messages, 0) / results.reduce((sum, one) => sum + one.copySeconds, 0),
    ),
    bare_items_per_second: Math.round(rateOf("bareSeconds")),
    ratio: Number(ratio.toFixed(3)),
    ratio_of_rounds: [ratios[0], ratios[Math.floor(length / 2)], ratios[length - 1]].map((one) =>
      Number(one?.toFixed(3)),
    ),
    target_ratio: targetRatio,
    write_units_per_message: Number(
      (
        results.reduce((sum, one) => sum + one.writeUnits, 0) / results.reduce((sum, one) => sum + one.messages, 0)
      ).toFixed(3),
    ),
    verify_differences: results.reduce((sum, one) => sum + one.differences, 0),
    verify_messages_per_second: Math.round(
      results.reduce((sum, one) => sum + one.messages, 0) / results.reduce((sum, one) => sum + one.verifySeconds, 0),
    ),
    reached: ratio >= targetRatio,
  });
}

function roundText({ round, messages, items, copySeconds, bareSeconds, differences }: RoundResult): string {
  const ratio = (bareSeconds / copySeconds).toFixed(3);
  return `round ${round + 1}: ${messages} messages, ${items} items: copy ${copySeconds.toFixed(1)} s, bare ${bareSeconds.toFixed(1)} s, ratio ${ratio}, ${differences} differences`;
}
