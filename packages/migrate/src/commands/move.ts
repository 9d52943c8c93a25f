import { parseArgs } from "node:util";
import type { RoomChoice } from "../authority/choose-rooms.ts";
import { cutBack, cutOver } from "../authority/move-rooms.ts";
import { openWorkplace, sharedHelp, sharedOptions, UsageError, untilInterrupted, wholeNumber } from "./options.ts";

const choiceHelp = `${sharedHelp}  --room ID …            these rooms, by their ids in PostgreSQL
  --share P              so many of 100: the same rooms each time, and among those of a larger share
  --all                  all rooms, and those that are made later
  --batch N              rooms that are moved together (default 50)
  --patience N           seconds that a batch may wait for the other program (default 60)
`;

export const cutoverHelp = `usage: maru-migrate cutover [options]

Moves rooms to Maru: PostgreSQL refuses writes to them (SQLSTATE MR001), follow, which must be running, writes what came before
and lets Maru take writes. May be repeated.

${choiceHelp}`;

export const cutbackHelp = `usage: maru-migrate cutback [options]

Moves rooms back to PostgreSQL: Maru refuses writes to them (ROOM_NOT_SERVED_HERE), reverse, which must be running, writes back
what came before and lets PostgreSQL take writes. May be repeated.

${choiceHelp}`;

export const cutover = (args: readonly string[]): Promise<void> => move(args, cutoverHelp, cutOver, "live in Maru");
export const cutback = (args: readonly string[]): Promise<void> =>
  move(args, cutbackHelp, cutBack, "live in PostgreSQL");

async function move(args: readonly string[], help: string, act: typeof cutOver, where: string): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      room: { type: "string", multiple: true },
      share: { type: "string" },
      all: { type: "boolean", default: false },
      batch: { type: "string", default: "50" },
      patience: { type: "string", default: "60" },
    },
  });
  if (values.help) return void process.stdout.write(help);
  using workplace = await openWorkplace(values);
  const moved = await act({
    ...workplace,
    choice: toChoice(values),
    batchRooms: wholeNumber("batch", values.batch),
    patienceMs: wholeNumber("patience", values.patience) * 1000,
    signal: untilInterrupted(),
    onProgress: (rooms) => void process.stderr.write(process.stderr.isTTY ? `\r${rooms} rooms` : ""),
  });
  process.stdout.write(values.json ? `${JSON.stringify({ moved })}\n` : `${moved} rooms ${where} now\n`);
}

function toChoice(values: { room?: string[] | undefined; share?: string | undefined; all: boolean }): RoomChoice {
  const given = [values.room !== undefined, values.share !== undefined, values.all].filter(Boolean).length;
  if (given !== 1) throw new UsageError("say which rooms: --room ID, --share P or --all");
  if (values.room !== undefined)
    return { kind: "rooms", ids: values.room.map((id) => String(wholeNumber("room", id))) };
  if (values.all) return { kind: "all" };
  const percent = wholeNumber("share", values.share ?? "");
  if (percent > 100) throw new UsageError("--share must be at most 100");
  return { kind: "share", percent };
}
