import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reportPage } from "../verify/report-page.ts";
import { runVerify } from "../verify/run-verify.ts";
import { openWorkplace, sharedHelp, sharedOptions, untilInterrupted, wholeNumber } from "./options.ts";
import { startProgress } from "./progress.ts";

export const verifyHelp = `usage: maru-migrate verify [options]

Compares rooms of both sides: members, counts, order, content, times, deletions, read positions. PostgreSQL makes a hash of each
room's messages; only rooms whose hashes differ are compared message by message. Writes verify.json and verify.html into --out.
Exits with 1 when something differs.

${sharedHelp}  --sample N             so many rooms, taken at random (default: all, and rooms that only Maru has)
  --room ID …            only these, by their ids in PostgreSQL
  --live                 both sides are written meanwhile: a room that differs is looked at again, up to 10 times
  --parallel N           rooms that are read beside each other (default 16)
`;

export async function verify(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      sample: { type: "string" },
      room: { type: "string", multiple: true },
      live: { type: "boolean", default: false },
      parallel: { type: "string", default: "16" },
    },
  });
  if (values.help) return void process.stdout.write(verifyHelp);
  using workplace = await openWorkplace(values);
  await mkdir(workplace.folder, { recursive: true });
  const progress = startProgress(values.json);
  const report = await runVerify({
    ...workplace,
    sample: values.sample === undefined ? undefined : wholeNumber("sample", values.sample),
    roomIds: values.room?.map((id) => String(wholeNumber("room", id))),
    parallel: wholeNumber("parallel", values.parallel),
    roomsPerSpan: 200,
    attempts: values.live ? 10 : 1,
    pauseMs: 1_000,
    signal: untilInterrupted(),
    onProgress: ({ rooms, messages, differences, roomsTotal }) =>
      progress.update({
        part: roomsTotal === 0 ? 1 : Math.min(1, rooms / roomsTotal),
        text: `${rooms} rooms, ${messages} messages, ${differences} differences`,
        facts: { rooms, messages, differences },
      }),
  }).finally(() => progress.end());
  await writeFile(join(workplace.folder, "verify.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(workplace.folder, "verify.html"), reportPage(report, new Date()));
  if (report.differenceCount > 0) process.exitCode = 1;
  const { differences, ...summary } = report;
  if (values.json) return void process.stdout.write(`${JSON.stringify(summary)}\n`);
  for (const { roomId, kind, id } of differences.slice(0, 20)) process.stdout.write(`room ${roomId}: ${kind} ${id}\n`);
  process.stdout.write(
    `${report.rooms} rooms, ${report.messages} messages: ${report.differenceCount} differences (${join(workplace.folder, "verify.html")})\n`,
  );
}
