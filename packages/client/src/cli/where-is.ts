import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { EntryPresence, type WhereIsResponse, WhereIsResponseSchema } from "@maru/protocol";
import { connectMaru } from "../connect.ts";
import { toColumns } from "./columns.ts";
import { type Command, type CommandIo, UsageError } from "./commands.ts";
import { delaysOf } from "./event-delays.ts";
import { readFlags, serverFlags, serverHelp, serverOf, wholeOf } from "./flags.ts";

const help = `usage: maru-client where-is --room ROOM --seq N [--json] [options]

Follows one entry: whether the table has it, when the stream and the relay had it, where the topic has it, and which consumer
groups have passed it. The server is asked; the caller needs the right to call AdminService.WhereIs.

  --room ROOM         the room
  --seq N             the entry's number
  --json              the answer as one JSON object
  --help              this text

The exit code is 0 when table and topic have the entry, else 1.

${serverHelp}`;

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readFlags(args, {
    ...serverFlags,
    room: { type: "string" },
    seq: { type: "string" },
    json: { type: "boolean", default: false },
  });
  const { room: roomId, json } = values;
  if (roomId === undefined || values.seq === undefined) throw new UsageError("say which entry: --room ROOM --seq N");
  const seq = wholeOf("seq", values.seq, 1);
  await using maru = connectMaru(serverOf(values, io));
  const place = await maru.admin.whereIs({ roomId, seq }, { signal: io.signal });
  io.print(json ? `${JSON.stringify(toJson(WhereIsResponseSchema, place))}\n` : toWhereText(roomId, seq, place));
  return place.presence === EntryPresence.STORED && place.occurrences.length > 0 ? 0 : 1;
}

/** Pure. Where an entry is, for people. */
export function toWhereText(roomId: string, seq: number, place: WhereIsResponse): string {
  const lines = [`${roomId}/${seq}  ${place.type}`.trimEnd(), `  table   ${tableLine(place)}`];
  if (place.topicUnavailable !== "") lines.push(`  topic   could not be asked: ${place.topicUnavailable}`);
  else if (place.topic !== "") lines.push(...topicLines(place));
  const groups = place.groups.map(({ group, passed, lag }) => [group, passed ? "passed" : "not yet", `${lag}`]);
  const table = groups.length === 0 ? "" : `\n${toColumns(["group", "this entry", "left"], groups)}`;
  return `${lines.join("\n")}\n${table}`;
}

function tableLine({ presence, caller, committedAt, contentRemoved, lastSeq, purgedBelow }: WhereIsResponse): string {
  const removed = contentRemoved ? ", its content was deleted or erased since" : "";
  switch (presence) {
    case EntryPresence.STORED: {
      const at = committedAt === undefined ? "" : ` at ${timestampDate(committedAt).toISOString()}`;
      return `stored${at} by ${caller}${removed}; the room's newest is ${lastSeq}`;
    }
    case EntryPresence.PURGED:
      return `retention removed it: messages below ${purgedBelow} may be gone`;
    case EntryPresence.NOT_WRITTEN:
      return `not written: the room's newest is ${lastSeq}`;
    case EntryPresence.MISSING:
      return "MISSING: the log has a hole here; verify the room";
    default:
      return "a state that this version does not know";
  }
}

function topicLines({ topic, partition, occurrences, committedAt, ...place }: WhereIsResponse): string[] {
  const [first, ...repeats] = occurrences;
  if (first === undefined) {
    const searched = `offsets ${place.searchedFromOffset} to ${place.searchedUntilOffset}`;
    return [`  topic   ${topic}/${partition} does not have it, in ${searched}`];
  }
  const { offset, healed, gap } = first;
  const dateOf = (stamp: typeof committedAt) => stamp && timestampDate(stamp);
  const delays = delaysOf({
    committed: dateOf(committedAt),
    streamed: dateOf(first.streamedAt),
    relayed: dateOf(first.relayedAt),
    kafka: dateOf(first.storedAt),
    here: undefined,
  });
  const notes = [gap ? ", as a word that it could not be read" : "", healed ? ", healed" : ""].join("");
  const lines = [`  topic   ${topic}/${partition}, offset ${offset}${notes}`, `  way     ${delays}`];
  if (repeats.length > 0) lines.push(`  again   at offsets ${repeats.map((one) => one.offset).join(", ")}`);
  return lines;
}

export const command: Command = { help, run };
