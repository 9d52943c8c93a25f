import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { connectMaru } from "../connect.ts";
import { brokerOf } from "../events/broker-of.ts";
import { isCanary } from "../events/canary.ts";
import { decodeEvent } from "../events/decode.ts";
import { toGap } from "../events/fill-hole.ts";
import { pullRecords } from "../events/pull-records.ts";
import { type ReplayFrom, toReplaySettings } from "../events/replay-options.ts";
import { type ReplayStep, runReplay } from "../events/replay-steps.ts";
import { toJsonLine } from "./columns.ts";
import { type Command, type CommandIo, UsageError } from "./commands.ts";
import { toEventJson, toEventLine } from "./event-line.ts";
import {
  kafkaFlags,
  kafkaHelp,
  kafkaOf,
  readFlags,
  serverFlags,
  serverHelp,
  serverOf,
  timeOf,
  wholeOf,
} from "./flags.ts";

const help = `usage: maru-client tail [--room ROOM]… [--from SEQ|TIME] [--json] [options]

Prints events as they happen, until Ctrl-C, with seq, type, actor, content, and how long each part of the way took:
[commit → stream → relay → Kafka → here]. The clocks are those of several machines, and the stream's shows
whole seconds (of DynamoDB Local: whole minutes); a stamp before its predecessor counts as that one.

  --room ROOM         only this room; may be given more than once
  --from SEQ          first what the rooms have from this number on, from the table; needs --room
  --from TIME         first what happened since: 2026-01-31T12:00:00Z, or 15m, 6h, 2d ago
  --limit N           ends after so many events
  --json              one JSON object a line
  --help              this text

Without --from nothing is asked of a server, and no token is needed.

${kafkaHelp}
${serverHelp}`;

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readFlags(args, {
    ...kafkaFlags,
    ...serverFlags,
    room: { type: "string", multiple: true },
    from: { type: "string" },
    limit: { type: "string" },
    json: { type: "boolean", default: false },
  });
  const rooms = values.room;
  const from = values.from === undefined ? undefined : fromOf(values.from, rooms !== undefined);
  const kafka = kafkaOf(values, io);
  let left = values.limit === undefined ? Number.POSITIVE_INFINITY : wholeOf("limit", values.limit, 1);

  const show = async (steps: AsyncIterable<ReplayStep>): Promise<number> => {
    for await (const step of steps) {
      const here = new Date();
      io.print(values.json ? toJsonLine(toEventJson(step, here)) : toEventLine(step, here));
      step.done();
      if (--left === 0) break;
    }
    return 0;
  };
  if (from === undefined) return show(liveSteps(kafka, rooms, io));
  await using maru = connectMaru(serverOf(values, io));
  const settings = toReplaySettings({
    ...kafka,
    from,
    follow: true,
    signal: io.signal,
    ...(rooms === undefined ? {} : { rooms }),
    onCaughtUp: () => io.note("— caught up: from here on as it happens —\n"),
    onIncomplete: ({ partitions }) =>
      io.note(
        `the topic no longer holds all since then, in ${partitions.length} partitions: rooms that were quiet since are not shown\n`,
      ),
  });
  return await show(runReplay(maru, settings).steps); // awaited, or the client closes at once
}

/** What comes from now on. */
async function* liveSteps(
  kafka: ReturnType<typeof kafkaOf>,
  rooms: readonly string[] | undefined,
  { signal, note }: CommandIo,
): AsyncGenerator<ReplayStep> {
  const { topic = ROOM_EVENTS_TOPIC } = kafka;
  const broker = brokerOf("tail", kafka, "maru-client");
  const from = new Map((await broker.topicOffsets(topic)).map((held) => [held.partition, held.highOffset]));
  note(`— ${topic}, ${from.size} partitions, from now on —\n`);
  const reading: Parameters<typeof pullRecords>[0] = (onRecords, stop) =>
    broker.followPartitions({ topic, from, signal: stop }, onRecords);
  for await (const record of pullRecords(reading, signal)) {
    const event = decodeEvent(record);
    if (rooms === undefined ? isCanary(event.roomId) : !rooms.includes(event.roomId)) continue;
    const what = event.kind === "unreadable" ? toGap(event.roomId, event.seq, event.seq, "unreadable") : event;
    yield { what, record, done() {} };
  }
}

function fromOf(text: string, hasRooms: boolean): ReplayFrom {
  if (!/^\d+$/.test(text)) return { time: timeOf("from", text, Date.now()) };
  if (!hasRooms) throw new UsageError("--from SEQ is a number in a room: say which with --room");
  return { seq: wholeOf("from", text) };
}

export const command: Command = { help, run };
