import type { Entry, Room } from "@maru/protocol";
import type { LoggedEntry } from "../../src/domain/store.ts";
import { checkRoom } from "./check-read.ts";
import { isRoomEntryMadeBy, nothingToChange } from "./check-room-write.ts";
import type { WriteCommand } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { scopeOfCommand, scopeOfEntry } from "./keys.ts";
import { isThere, type TruthState } from "./truth.ts";
import type { Windows } from "./window.ts";

/** What a write was answered with is what is stored, and says what the command said. */
export function checkWrite(windows: Windows, call: CallRecord, command: WriteCommand, value: unknown): string[] {
  if (command.kind === "update") {
    const wrong = checkRoom(windows, call, (value as { room: Room }).room);
    if (wrong.length > 0) return wrong;
  }
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
  return isMadeBy(stored.logged, command, windows.states[entry.seq - 1] as TruthState)
    ? []
    : [`was acknowledged at ${entry.seq}, which says something else`];
}

function entryOf(command: WriteCommand, value: unknown): Entry | undefined {
  switch (command.kind) {
    case "add":
    case "remove":
    case "update":
      return (value as { entry: Entry | undefined }).entry;
    default:
      return value as Entry | undefined;
  }
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
    default:
      return nothingToChange(windows, call, command);
  }
}

/** Whether the command, decided on the state before the entry, makes this entry. */
export function isMadeBy(logged: LoggedEntry, command: WriteCommand, state: TruthState): boolean {
  const { body } = logged.entry;
  const { members } = state;
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
    default:
      return isRoomEntryMadeBy(logged, command, state);
  }
}
