import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runShadow } from "../shadow/run-shadow.ts";
import { openWorkplace, sharedHelp, sharedOptions, UsageError, untilInterrupted, wholeNumber } from "./options.ts";
import { startProgress } from "./progress.ts";

export const shadowHelp = `usage: maru-migrate shadow [options]

Makes reads as the old application does, of rooms and users taken at random, and has them answered by both sides: the newest 50
messages of a room by PostgreSQL's rows and by Maru's servers, and how many are unread. Counts what differs, and writes
shadow.json into --out. Exits with 1 when something differs.

${sharedHelp}  --address A …          gRPC addresses of Maru's servers
  --reads N              how many (default 1000)

The token of the calling service is read from MARU_TOKEN.
`;

export async function shadow(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      address: { type: "string", multiple: true },
      reads: { type: "string", default: "1000" },
    },
  });
  if (values.help) return void process.stdout.write(shadowHelp);
  const token = process.env.MARU_TOKEN;
  if (!token) throw new UsageError("MARU_TOKEN must hold the token of the calling service");
  if (values.address === undefined) throw new UsageError("--address must be given");
  using workplace = await openWorkplace(values);
  const reads = wholeNumber("reads", values.reads);
  const progress = startProgress(values.json);
  const report = await runShadow({
    ...{ source: workplace.source, mapping: workplace.mapping, address: values.address, token, reads },
    signal: untilInterrupted(),
    onProgress({ reads: made, differences }) {
      const count = made.page + made.unread;
      const text = `${count} reads, ${differences.page + differences.unread} differ`;
      progress.update({ part: count / reads, text, facts: { reads: made, differences } });
    },
  }).finally(() => progress.end());
  await mkdir(workplace.folder, { recursive: true });
  await writeFile(join(workplace.folder, "shadow.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  const { examples: _examples, ...summary } = report;
  const different = report.differences.page + report.differences.unread;
  if (different > 0) process.exitCode = 1;
  process.stdout.write(
    values.json
      ? `${JSON.stringify(summary)}\n`
      : `${different} of ${report.reads.page + report.reads.unread} reads differ\n`,
  );
}
