import {
  type Entry,
  HoldState,
  type Message,
  type MessageVersion,
  type UnreadCount,
  type UserReactions,
} from "@maru/protocol";
import { checkUnread } from "./check-unread.ts";
import type { MessageRead } from "./message-command.ts";
import type { MessageCall, MessageWindows } from "./message-windows.ts";
import { isThere } from "./truth.ts";
import { besideText, messageText, seenBy, type TruthMessage, textOf, truthText } from "./truth-messages.ts";

/** A read tells what was true between the call's arrival and its answer, and no more than the viewer may see. */
export function checkMessageRead(
  windows: MessageWindows,
  call: MessageCall,
  command: MessageRead,
  value: unknown,
): string[] {
  const viewer = "viewer" in command ? command.viewer : undefined;
  if (viewer !== undefined && !windows.sometime(call, ({ members }) => isThere(members.get(viewer)))) {
    return [`was answered for ${viewer}, who was no member`];
  }
  switch (command.kind) {
    case "get":
      return checkSeen(windows, call, viewer, [value as Entry]);
    case "list":
      return checkSeen(windows, call, viewer, (value as { entries: Entry[] }).entries);
    case "pinned":
      return [...checkSeen(windows, call, viewer, value as Entry[]), ...checkPinned(windows, call, value as Entry[])];
    case "entries":
      return checkEntries(windows, call, (value as { entries: Entry[] }).entries);
    case "unread":
      return checkUnread(windows, call, command.userId, value as UnreadCount);
    case "versions":
      return checkVersions(windows, call, command.seq, viewer, value as MessageVersion[]);
    case "reactions":
      return checkReactions(windows, call, command.seq, (value as { reactions: UserReactions[] }).reactions);
  }
}

/** Time stood between the call's arrival and its answer: a hold may have run out at either. */
function views(message: TruthMessage, viewer: string | undefined, call: MessageCall): TruthMessage[] {
  return [call.arrivedAtMs, call.answeredAtMs].map((nowMs) => seenBy(message, viewer, nowMs));
}

function checkSeen(
  { ofMessage }: MessageWindows,
  call: MessageCall,
  viewer: string | undefined,
  entries: readonly Entry[],
): string[] {
  return entries.flatMap(({ seq, body }) => {
    const told = messageText(body.value as Message);
    const isTrue = ofMessage(call, seq, (message) =>
      views(message, viewer, call).some((one) => truthText(one) === told),
    );
    return isTrue ? [] : [`shows ${seq} as ${told}, which was never true meanwhile`];
  });
}

/** The log as others hear of it: nothing of what is held. */
function checkEntries(windows: MessageWindows, call: MessageCall, entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => {
    const { seq, body } = entry;
    if (body.case !== "messageSent") return checkBeside(windows, call, entry);
    const told = messageText(body.value);
    const isTrue = windows.ofMessage(call, seq, (message) => {
      const isHeld = message.hold === HoldState.HELD;
      return truthText(isHeld ? { ...message, text: undefined } : message) === told;
    });
    return isTrue ? [] : [`tells of ${seq} as ${told}, which was never true meanwhile`];
  });
}

/** What an edit or a reaction said, unless it was taken away before the call. */
function checkBeside(windows: MessageWindows, call: MessageCall, entry: Entry): string[] {
  const told = besideText(entry);
  const written = windows.truth.entries[entry.seq - 1]?.logged.entry;
  const isTrue = windows.sometime(call, ({ messages }) => {
    return told === (messages.emptied.has(entry.seq) ? "" : written && besideText(written));
  });
  return isTrue ? [] : [`tells of ${entry.seq} with ${told}, which was never true meanwhile`];
}

function checkPinned(windows: MessageWindows, call: MessageCall, entries: readonly Entry[]): string[] {
  const listed = entries.map(({ seq }) => seq);
  const isTrue = windows.sometime(call, ({ messages }) => {
    const pins = messages.pins.toReversed();
    const isInOrder = pins.filter((seq) => listed.includes(seq)).join() === listed.join();
    const isMissing = (seq: number) =>
      !listed.includes(seq) && !windows.isRemoved(call, seq) && !windows.ofMessage(call, seq, ({ pinned }) => !pinned);
    return isInOrder && !pins.some(isMissing);
  });
  return isTrue ? [] : [`lists the pins ${listed.join()}, which were never these meanwhile`];
}

function checkVersions(
  windows: MessageWindows,
  call: MessageCall,
  seq: number,
  viewer: string | undefined,
  listed: readonly MessageVersion[],
): string[] {
  const toText = (versions: readonly { seq: number; text: string | undefined }[]) => JSON.stringify(versions);
  const told = toText(listed.map((version) => ({ seq: version.seq, text: textOf(version.content) })));
  const isDeleted = windows.ofMessage(call, seq, ({ deletedBy }) => deletedBy !== undefined);
  const isTrue = windows.ofMessage(call, seq, (message) =>
    views(message, viewer, call).some(({ versions }) => {
      const kept = versions.filter((version, index) => index === 0 || !windows.isRemoved(call, version.seq));
      // The deletion may have come between the reads of the message and of its edits.
      return told === toText(versions) || told === toText(kept) || (isDeleted && told === toText(versions.slice(0, 1)));
    }),
  );
  return isTrue ? [] : [`lists the versions ${told}, which were never these meanwhile`];
}

function checkReactions(
  windows: MessageWindows,
  call: MessageCall,
  seq: number,
  listed: readonly UserReactions[],
): string[] {
  const told = JSON.stringify(listed.map(({ userId, kinds }) => [userId, kinds]));
  const isTrue = windows.ofMessage(call, seq, ({ reactions }) => {
    const sorted = [...reactions].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(sorted) === told;
  });
  return isTrue ? [] : [`lists the reactions ${told}, which were never these meanwhile`];
}
