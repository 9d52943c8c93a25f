import { parseArgs } from "node:util";
import { runFollow } from "../follow/run-follow.ts";
import { openWorkplace, sharedHelp, sharedOptions, untilInterrupted, wholeNumber } from "./options.ts";

export const followHelp = `usage: maru-migrate follow [options]

Writes what PostgreSQL commits into the rooms that live there, and moves rooms that are cut over, until it is stopped. One at a
time. Killed, the same command goes on. Changes that cannot be written, and writes to rooms that live in Maru already, go to
follow-rejects.ndjson in --out.

${sharedHelp}  --parallel N           rooms that are written beside each other (default 32)
  --until-caught-up      end when everything is written that was committed when the command began
`;

export async function follow(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      parallel: { type: "string", default: "32" },
      "until-caught-up": { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(followHelp);
  using workplace = await openWorkplace(values);
  let toldAtMs = 0;
  const end = await runFollow({
    ...workplace,
    parallel: wholeNumber("parallel", values.parallel),
    untilCaughtUp: values["until-caught-up"],
    signal: untilInterrupted(),
    onProgress(progress) {
      if (!process.stderr.isTTY && Date.now() - toldAtMs < 5_000) return;
      toldAtMs = Date.now();
      const { transactions, written, rejected, wrongSide, lagBytes, lagMs } = progress;
      const text = `${transactions} transactions, ${written} written, ${rejected} rejected, ${wrongSide} on the wrong side; behind by ${lagBytes} bytes, ${lagMs} ms`;
      if (values.json) process.stdout.write(`${JSON.stringify(progress)}\n`);
      else process.stderr.write(process.stderr.isTTY ? `\r${text.padEnd(110)}` : `${text}\n`);
    },
  });
  process.stdout.write(
    `${values.json ? JSON.stringify(end) : `${end.transactions} transactions, ${end.written} changes written`}\n`,
  );
}
