import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Member } from "@maru/protocol";
import type { CallRecord } from "./history.ts";
import type { SettingsCommand } from "./room-command.ts";
import { isThere, type SettingsChange, type Truth } from "./truth.ts";
import type { Windows } from "./window.ts";

/** What a user set is what the answer says, and was for a member to set. */
export function checkSettings(windows: Windows, call: CallRecord, command: SettingsCommand, member: Member): string[] {
  const { userId } = command;
  if (member.userId !== userId) return [`answers for ${member.userId}`];
  if (!windows.sometime(call, ({ members }) => isThere(members.get(userId)))) {
    return [`was taken from ${userId}, who was no member`];
  }
  switch (command.kind) {
    case "hide":
      return checkHidden(windows, call, member);
    case "unhide":
      return member.hiddenSeq === 0 && !member.hidden ? [] : ["does not show the room"];
    case "muteNotifications": {
      const mutedUntilMs = toMs(member.notificationsMutedUntil);
      const mayBeOver = command.untilMs === undefined || command.untilMs <= call.answeredAtMs;
      const isAsAsked = mutedUntilMs === undefined ? mayBeOver : mutedUntilMs === command.untilMs;
      return isAsAsked ? [] : [`mutes until ${mutedUntilMs}`];
    }
  }
}

/** Hidden at an entry that was the tail meanwhile; and shown only when a message followed that entry. */
function checkHidden(windows: Windows, call: CallRecord, { userId, hiddenSeq, hidden }: Member): string[] {
  const { low, high } = windows.lengths(call.arrived, call.answered);
  if (hiddenSeq < low || hiddenSeq > high) return [`hides at ${hiddenSeq}, the tail was ${low} to ${high}`];
  const nextMessage = windows.truth.entries.findIndex(
    ({ logged: { entry } }) => entry.seq > hiddenSeq && entry.body.case === "messageSent",
  );
  const messageSeq = nextMessage === -1 ? Infinity : nextMessage + 1;
  if (hidden) {
    const own = windows.truth.settings.filter((change) => change.userId === userId && change.hiddenSeq === hiddenSeq);
    const setAfter = Math.min(...own.map(({ after }) => after).filter((after) => after > call.arrived));
    const storedBefore = windows.truth.entries[nextMessage]?.storedBefore ?? Infinity;
    return storedBefore > setAfter ? [] : [`is hidden, and the message ${messageSeq} came since`];
  }
  return messageSeq <= high ? [] : ["is shown, and no message came"];
}

/** At the end each setting is what one of the last changes made of it: of those that overlap, any may be the last. */
export function checkSettingsAtEnd({ settings }: Truth, members: readonly Member[]): string[] {
  return members.flatMap((member) => {
    const own = settings.filter(({ userId }) => userId === member.userId);
    return [
      ...checkLast(own, "hiddenSeq", member.hiddenSeq, 0),
      ...checkLast(own, "notificationsMutedUntilMs", toMs(member.notificationsMutedUntil), undefined),
    ].map((what) => `${member.userId}: ${what}`);
  });
}

type Setting = "hiddenSeq" | "notificationsMutedUntilMs";

function checkLast(own: readonly SettingsChange[], name: Setting, stored: unknown, unset: unknown): string[] {
  const changes = own.filter((change) => name in change);
  const lastAfter = Math.max(0, ...changes.map(({ after }) => after));
  const last = changes.filter(({ before }) => before > lastAfter).map((change) => change[name]);
  const allowed = last.length === 0 ? [unset] : last;
  return allowed.includes(stored as never) ? [] : [`${name} is ${stored}, it was set to ${allowed.join(" or ")}`];
}

function toMs(time: Member["notificationsMutedUntil"]): number | undefined {
  return time === undefined ? undefined : timestampMs(time);
}
