import { type GroupLag, groupLag } from "../events/group-lag.ts";
import { toColumns, toJsonLine, toSeconds } from "./columns.ts";
import { type Command, type CommandIo, UsageError } from "./commands.ts";
import { kafkaFlags, kafkaHelp, kafkaOf, readFlags, wholeOf } from "./flags.ts";
import { pause } from "./pause.ts";

const help = `usage: maru-client lag --group GROUP [--rooms N] [--watch] [--json] [options]

Prints how far a consumer group is behind: per partition what it has committed, what the topic holds, how many events are
left, and how long the first of them has been in Kafka.

  --group GROUP       the group
  --rooms N           also the N rooms with the most events left; reads all events that are left
  --watch             again every 2 s, until Ctrl-C
  --json              one JSON object a line
  --help              this text

The group's consumers may stand still: Kafka is asked, not they.

${kafkaHelp}`;

const WATCH_MS = 2000;

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readFlags(args, {
    ...kafkaFlags,
    group: { type: "string" },
    rooms: { type: "string" },
    watch: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const { group, watch, json } = values;
  if (group === undefined || group === "") throw new UsageError("say which group: --group GROUP");
  const rooms = values.rooms === undefined ? 0 : wholeOf("rooms", values.rooms, 1);
  do {
    const lag = await groupLag({ ...kafkaOf(values, io), group, rooms, signal: io.signal });
    io.print(json ? toJsonLine(lag) : toLagText(lag));
    if (lag.partitions.every(({ committed }) => committed === undefined)) {
      io.note(`group ${group} has committed nothing in ${lag.topic}: is the name right?\n`);
    }
    if (watch) await pause(WATCH_MS, io.signal);
  } while (watch && !io.signal.aborted);
  return 0;
}

/** Pure. A group's lag, for people. */
export function toLagText({ group, topic, partitions, eventCount, seconds, rooms }: GroupLag): string {
  const table = toColumns(
    ["partition", "committed", "end", "left", "age of the first"],
    partitions.map((one) => [
      `${one.partition}`,
      `${one.committed ?? "-"}`,
      `${one.end}`,
      `${one.eventCount}`,
      one.seconds === undefined ? "?" : toSeconds(one.seconds),
    ]),
  );
  const lost = partitions.filter(({ lostCount }) => lostCount > 0);
  const lostLines = lost.map(
    ({ partition, lostCount }) => `partition ${partition}: retention took ${lostCount} events that were not done\n`,
  );
  const roomTable =
    rooms.length === 0
      ? ""
      : `\n${toColumns(
          ["room", "partition", "left", "age of the first"],
          rooms.map((one) => [one.roomId, `${one.partition}`, `${one.eventCount}`, toSeconds(one.seconds)]),
        )}`;
  return `${table}${lostLines.join("")}group ${group} on ${topic}: ${eventCount} events left, the first for ${toSeconds(seconds)}\n${roomTable}`;
}

export const command: Command = { help, run };
