import type { Entry } from "@maru/protocol";
import type { WriteCommand } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { scopeOfCommand, scopeOfEntry } from "./keys.ts";
import { isThere, type TruthState } from "./truth.ts";
import type { Windows } from "./window.ts";

/** What a write was answered with is what is stored, and says what the command said. */
export function checkWrite(windows: Windows, call: CallRecord, command: WriteCommand, value: unknown): string[] {
  const entry = entryOf(command, value);
  if (entry === undefined) return nothingToWrite(windows, call, command) ? [] : ["wrote nothing, and should have"];
  const stored = windows.truth.entries[entry.seq - 1];
  if (stored === undefined) return [`was acknowledged at ${entry.seq}, where nothing is stored`];
  if (stored.storedAfter > call.answered) return [`was acknowledged at ${entry.seq} before it was stored`];
  if (command.key === "") {
    if (stored.logged.entry.idempotencyKey !== entry.idempotencyKey) return [`${entry.seq} is another request's`];
  } else if (scopeOfEntry(stored.logged.entry) !== scopeOfCommand(command)) {
    return [`was acknowledged at ${entry.seq}, which is another request's`];
  }
  return isMadeBy(stored.logged.entry, command, windows.states[entry.seq - 1] as TruthState)
    ? []
    : [`was acknowledged at ${entry.seq}, which says something else`];
}

function entryOf(command: WriteCommand, value: unknown): Entry | undefined {
  return command.kind === "send" ? (value as Entry) : (value as { entry: Entry | undefined }).entry;
}

function nothingToWrite(windows: Windows, call: CallRecord, command: WriteCommand): boolean {
  switch (command.kind) {
    case "send":
      return false;
    case "add":
      return windows.sometime(call, ({ members }) =>
        command.members.every(({ userId }) => isThere(members.get(userId))),
      );
    case "remove":
      return windows.sometime(call, ({ members }) => !command.userIds.some((userId) => isThere(members.get(userId))));
  }
}

/** Whether the command, decided on the state before the entry, makes this entry. */
export function isMadeBy({ body }: Entry, command: WriteCommand, { members }: TruthState): boolean {
  switch (command.kind) {
    case "send": {
      const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
      return kind?.case === "text" && kind.value.text === command.text;
    }
    case "add": {
      const joining = command.members.filter(({ userId }) => !isThere(members.get(userId)));
      const expected = joining.map(({ userId, role }) => `${userId} ${role}`).join();
      return body.case === "membersAdded" && body.value.members.map((m) => `${m.userId} ${m.role}`).join() === expected;
    }
    case "remove": {
      const leaving = command.userIds.filter((userId) => isThere(members.get(userId))).join();
      return body.case === "membersRemoved" && body.value.userIds.join() === leaving;
    }
  }
}
