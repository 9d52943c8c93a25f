import { parseArgs } from "node:util";
import { runCopy } from "../copy/run-copy.ts";
import { openWorkplace, sharedHelp, sharedOptions, untilInterrupted, wholeNumber } from "./options.ts";
import { startProgress } from "./progress.ts";

export const copyHelp = `usage: maru-migrate copy [options]

Copies all rooms from a snapshot of PostgreSQL that ends exactly where a replication slot begins. Killed, the same command goes
on; rooms that were begun are done again. Several may run at once, with an --out each, and share the rooms. Writes into --out:
  rejects/*.ndjson       rows that were not copied, each with its reason: source = copied + rejected
  mapping/*.parquet      message_id, room_id, seq of every message that was copied

${sharedHelp}  --parallel N           rooms that are copied beside each other (default 16)
  --units-per-second N   write units to spend at most (default: what the table takes)
  --rooms-per-chunk N    rooms that are done again when the command is killed (default 200)
  --restart              make a new slot and copy everything again
`;

export async function copy(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      parallel: { type: "string", default: "16" },
      "units-per-second": { type: "string" },
      "rooms-per-chunk": { type: "string", default: "200" },
      restart: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(copyHelp);
  using workplace = await openWorkplace(values);
  const units = values["units-per-second"];
  const progress = startProgress(values.json);
  const startedAtMs = Date.now();
  let before: number | undefined;
  const report = await runCopy({
    ...workplace,
    parallel: wholeNumber("parallel", values.parallel),
    roomsPerChunk: wholeNumber("rooms-per-chunk", values["rooms-per-chunk"]),
    unitsPerSecond: units === undefined ? undefined : wholeNumber("units-per-second", units),
    restart: values.restart,
    signal: untilInterrupted(),
    onProgress({ rooms, messages, rejected, chunksDone, chunkCount }) {
      before ??= messages;
      const rate = Math.round((messages - before) / Math.max(0.001, (Date.now() - startedAtMs) / 1000));
      progress.update({
        part: chunksDone / chunkCount,
        text: `${rooms} rooms, ${messages} messages, ${rate}/s, ${rejected} rejected`,
        facts: {
          rooms,
          messages,
          messages_per_second: rate,
          rejected,
          chunks_done: chunksDone,
          chunk_count: chunkCount,
        },
      });
    },
  }).finally(() => progress.end());
  if (values.json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
  for (const [table, { source, copied, rejected }] of Object.entries(report.counts)) {
    process.stdout.write(`${table.padEnd(13)} source ${source} = copied ${copied} + rejected ${rejected}\n`);
  }
  process.stdout.write(
    `${report.writeUnits} write units in ${report.seconds.toFixed(1)} s; follow from ${report.slot}\n`,
  );
}
