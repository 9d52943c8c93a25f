import type { Entry, Member, ReadMarker, Room } from "@maru/protocol";
import { checkSettings } from "./check-settings.ts";
import type { Command, WriteCommand } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { isThere, memberText, type TruthEntry, toTruthMember } from "./truth.ts";
import { roomText } from "./truth-room.ts";
import type { Windows } from "./window.ts";

type ReadCommand = Exclude<Command, WriteCommand>;

/** A read tells what was true between the call's arrival and its answer. */
export function checkRead(windows: Windows, call: CallRecord, command: ReadCommand, value: unknown): string[] {
  switch (command.kind) {
    case "create": {
      const { entry } = value as { entry: Entry };
      return entry.seq === 1 ? [] : [`was answered with entry ${entry.seq}`];
    }
    case "purge":
      return [];
    case "markRead":
      return checkMarker(windows, call, command, value as ReadMarker);
    case "hide":
    case "unhide":
    case "muteNotifications":
      return checkSettings(windows, call, command, value as Member);
    case "list":
      return checkList(windows, call, command, value as { entries: Entry[] });
    case "get":
      return isSame(windows.truth.entries[command.seq - 1], value as Entry) ? [] : ["got another message"];
    case "room":
      return checkRoom(windows, call, value as Room);
    case "members":
      return checkMembers(windows, call, (value as { members: Member[] }).members);
    case "markers":
      return (value as { markers: ReadMarker[] }).markers.flatMap((marker) => checkMarkerRead(windows, call, marker));
  }
}

function isSame(stored: TruthEntry | undefined, entry: Entry): boolean {
  return stored !== undefined && textOf(stored.logged.entry) === textOf(entry) && stored.logged.entry.seq === entry.seq;
}

function textOf({ body }: Entry): string | undefined {
  const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
  return kind?.case === "text" ? kind.value.text : undefined;
}

function checkList(
  { truth, lengths }: Windows,
  call: CallRecord,
  { after = 0, before = Infinity }: Extract<Command, { kind: "list" }>,
  { entries }: { readonly entries: readonly Entry[] },
): string[] {
  if (entries.some((entry) => !isSame(truth.entries[entry.seq - 1], entry))) return ["lists another message"];
  const { low, high } = lengths(call.arrived, call.answered);
  const listed = new Set(entries.map(({ seq }) => seq));
  const longest = Math.max(low, ...listed);
  if (longest > high) return [`lists ${longest} before it was stored`];
  for (const { logged, removed } of truth.entries) {
    const { seq, type } = logged.entry;
    if (type !== "message_sent" || seq <= after || seq >= before) {
      if (listed.has(seq)) return [`lists ${seq}, which was not asked for`];
    } else if (listed.has(seq)) {
      if (removed !== undefined && removed.before < call.arrived) return [`lists ${seq}, which was removed`];
    } else if (seq <= longest && (removed?.after ?? Infinity) > call.answered) {
      return [`misses ${seq}`];
    }
  }
  return [];
}

export function checkRoom(windows: Windows, call: CallRecord, room: Room): string[] {
  const isTrue = windows.sometime(
    call,
    (s) => s.memberCount === room.memberCount && s.stateSeq === room.stateSeq && roomText(s.room) === roomText(room),
  );
  if (!isTrue) return [`says ${room.memberCount} members as of ${room.stateSeq}, which was never true meanwhile`];
  const { low, high } = windows.lengths(call.arrived, call.answered);
  return room.lastSeq >= low && room.lastSeq <= high ? [] : [`says ${room.lastSeq} is last, it was ${low} to ${high}`];
}

function checkMembers(windows: Windows, call: CallRecord, listed: readonly Member[]): string[] {
  return [...(windows.states.at(-1)?.members.keys() ?? [])].flatMap((userId) => {
    const item = listed.find((member) => member.userId === userId);
    const isTrue = windows.sometime(call, ({ members }) => {
      const member = members.get(userId);
      return memberText(userId, member) === memberText(userId, item && toTruthMember(item));
    });
    return isTrue ? [] : [`lists ${userId} as was never true meanwhile`];
  });
}

/** Moved by this call, or found further on: never back, never beyond the end, only for a member. */
function checkMarker(
  windows: Windows,
  call: CallRecord,
  { userId, seq }: Extract<Command, { kind: "markRead" }>,
  marker: ReadMarker,
): string[] {
  if (marker.readSeq < seq) return [`read ${seq}, and the marker is at ${marker.readSeq}`];
  if (!windows.sometime(call, ({ members }, length) => isThere(members.get(userId)) && seq <= length)) {
    return [`was taken from ${userId}, who was no member, or beyond the end`];
  }
  return checkMarkerRead(windows, call, marker);
}

function checkMarkerRead({ truth }: Windows, call: CallRecord, { userId, readSeq }: ReadMarker): string[] {
  const own = truth.moves.filter((move) => move.userId === userId);
  const low = Math.max(0, ...own.filter(({ before }) => before < call.arrived).map((move) => move.readSeq));
  const high = Math.max(0, ...own.filter(({ after }) => after < call.answered).map((move) => move.readSeq));
  return readSeq >= low && readSeq <= high ? [] : [`${userId} has read ${readSeq}, it was ${low} to ${high}`];
}
