import {
  type DeadLetterFilter,
  type DeadLetterItem,
  type DeadLetterStatus,
  listDeadLetters,
} from "../events/dead-letters.ts";
import { type RedriveProgress, redriveDeadLetters } from "../events/redrive.ts";
import { toColumns, toJsonLine, toOneLine } from "./columns.ts";
import { type Command, type CommandIo, UsageError } from "./commands.ts";
import { kafkaFlags, kafkaHelp, kafkaOf, readFlags, timeOf, wholeOf } from "./flags.ts";

const help = `usage: maru-client dead-letters list|show|redrive --group GROUP [filters] [options]

What a consumer group could not handle: rooms that it parked, and events that it skipped.

  list                one line each
  show                all that is known of each
  redrive             asks the group's consumers to try again; needs --all or a filter

Filters, all of which must hold:
  --room ROOM         this room; may be given more than once
  --type TYPE         the entry's type: message_sent
  --since TIME        failed last since then: 2026-01-31T12:00:00Z, or 15m, 6h, 2d ago
  --state STATE       parked, skipped or redrive-requested
  --limit N           at most so many, those that have failed for the longest first

  --group GROUP       the group
  --all               redrive: all of the group's
  --dry-run           redrive: only says how many there are
  --wait              redrive: waits until each is over or has failed again; the exit code is 1 when one has
  --timeout SECONDS   with --wait: no longer than this; the exit code is then 1
  --json              one JSON object a line
  --help              this text

A parked room goes on in order, from the event that failed. A skipped event is handed over with \`redelivered\`.

${kafkaHelp}`;

const STATES: Readonly<Record<string, DeadLetterStatus>> = {
  parked: "parked",
  skipped: "skipped",
  "redrive-requested": "redriveRequested",
};

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = readFlags(
    args,
    {
      ...kafkaFlags,
      group: { type: "string" },
      room: { type: "string", multiple: true },
      type: { type: "string" },
      since: { type: "string" },
      state: { type: "string" },
      limit: { type: "string" },
      all: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      wait: { type: "boolean", default: false },
      timeout: { type: "string" },
      json: { type: "boolean", default: false },
    },
    ["list, show or redrive"],
  );
  const [what] = positionals;
  const { group, json, all } = values;
  if (group === undefined || group === "") throw new UsageError("say which group: --group GROUP");
  const filter = filterOf(values);
  const options = { ...kafkaOf(values, io), ...filter, group };
  if (what === "list" || what === "show") {
    const items = await listDeadLetters({ ...options, signal: io.signal });
    if (json) for (const item of items) io.print(toJsonLine(item));
    else io.print(what === "list" ? toListText(items) : items.map(toShowText).join("\n"));
    if (items.length === 0) io.note("there are none\n");
    return 0;
  }
  if (what !== "redrive") throw new UsageError(`${what} is not one of list, show, redrive`);
  if (!all && Object.keys(filter).length === 0) throw new UsageError("redrive needs --all or a filter");
  const timeoutMs = values.timeout === undefined ? undefined : 1000 * wholeOf("timeout", values.timeout, 1);
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const result = await redriveDeadLetters({
    ...options,
    all,
    wait: values.wait,
    signal: timeout === undefined ? io.signal : AbortSignal.any([io.signal, timeout]),
    confirm(items) {
      io.note(`${items.length} dead letters of ${group}\n`);
      return !values["dry-run"];
    },
    onProgress: (progress) => io.note(toProgressText(progress)),
  }).catch((error: unknown) => {
    if (timeout?.aborted !== true) throw error;
    throw new Error("the time is over: the rest stays asked for; does a consumer of the group run?", { cause: error });
  });
  if (json) io.print(toJsonLine(result));
  else for (const item of result.failed) io.print(`failed again: ${toShowText(item)}`);
  if (result.requested === 0 && !values["dry-run"]) io.note("there are none\n");
  return result.failedAgain === 0 ? 0 : 1;
}

interface FilterValues {
  readonly room?: string[] | undefined;
  readonly type?: string | undefined;
  readonly since?: string | undefined;
  readonly state?: string | undefined;
  readonly limit?: string | undefined;
}

function filterOf({ room, type, since, state, limit }: FilterValues): DeadLetterFilter {
  const known = state === undefined ? undefined : STATES[state];
  if (state !== undefined && known === undefined) {
    throw new UsageError(`--state must be one of ${Object.keys(STATES).join(", ")}, not ${state}`);
  }
  return {
    ...(room === undefined ? {} : { roomIds: room }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { since: timeOf("since", since, Date.now()) }),
    ...(known === undefined ? {} : { state: known }),
    ...(limit === undefined ? {} : { limit: wholeOf("limit", limit, 1) }),
  };
}

/** Pure. Dead letters, one line each. */
export function toListText(items: readonly DeadLetterItem[]): string {
  if (items.length === 0) return "";
  return toColumns(
    ["state", "room", "seq", "type", "attempts", "failed since", "error"],
    items.map((item) => [
      item.state,
      item.roomId,
      `${item.seq}`,
      item.type,
      `${item.attemptCount}`,
      item.firstFailedAt?.toISOString() ?? "?",
      toOneLine(item.error, 60),
    ]),
  );
}

/** Pure. All that is known of a dead letter. */
export function toShowText(item: DeadLetterItem): string {
  const waits = item.what === "room" ? "the room waits from this event on" : "the room went on without this event";
  return `${item.roomId}/${item.seq}  ${item.type}  ${item.state}: ${waits}
  failed        ${item.attemptCount} times, from ${item.firstFailedAt?.toISOString() ?? "?"} to ${item.lastFailedAt?.toISOString() ?? "?"}
  event         ${item.topic}/${item.partition}, offset ${item.offset}
  error         ${toOneLine(item.error, 2000)}
`;
}

function toProgressText({ requested, done, failedAgain }: RedriveProgress): string {
  if (done + failedAgain === 0) return `asked for ${requested}\n`;
  return `${done} of ${requested} are over${failedAgain === 0 ? "" : `, ${failedAgain} failed again`}\n`;
}

export const command: Command = { help, run };
