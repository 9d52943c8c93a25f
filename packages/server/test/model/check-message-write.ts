import { type Card, type Entry, HoldState, type ReactionCount } from "@maru/protocol";
import { scopeOfEntry } from "./keys.ts";
import type { MessageWrite } from "./message-command.ts";
import type { MessageCall, MessageWindows, Moment } from "./message-windows.ts";
import { cardText } from "./model-cards.ts";
import { isThere } from "./truth.ts";
import { blockText } from "./truth-blocks.ts";
import { countsOf, messageText, seenBy, textOf, truthText } from "./truth-messages.ts";

/** What a write was answered with is what is stored, and says what the command said, however often it was asked. */
export function checkMessageWrite(
  windows: MessageWindows,
  call: MessageCall,
  command: MessageWrite,
  value: unknown,
): string[] {
  const entry = entryOf(command, value);
  if (entry === undefined) {
    return windows.sometime(call, (moment) => hasNothingToDo(moment, command))
      ? []
      : ["wrote nothing, and should have"];
  }
  const stored = windows.truth.entries[entry.seq - 1];
  if (stored === undefined) return [`was acknowledged at ${entry.seq}, where nothing is stored`];
  if (stored.storedAfter > call.answered) return [`was acknowledged at ${entry.seq} before it was stored`];
  if (scopeOfEntry(stored.logged.entry) !== scopeOf(command)) {
    return [`was acknowledged at ${entry.seq}, which is another request's`];
  }
  // Of an erased request nothing is known but its key, which then tells it alone.
  const isErased = windows.sometime(call, ({ messages }) => messages.unhashed.has(entry.seq));
  if (!isErased && !isWrittenBy(stored.logged.entry, command))
    return [`was acknowledged at ${entry.seq}, which says something else`];
  return command.kind === "send" ? checkAnswer(windows, call, command.actor, entry) : [];
}

/** Asked again, the first answer shows the message as it is now. */
function checkAnswer({ ofMessage }: MessageWindows, call: MessageCall, actor: string, { seq, body }: Entry): string[] {
  if (body.case !== "messageSent") return [];
  const told = messageText(body.value);
  const viewer = actor === "service" ? undefined : actor;
  const isTrue = ofMessage(call, seq, (message) =>
    [call.arrivedAtMs, call.answeredAtMs].some((nowMs) => truthText(seenBy(message, viewer, nowMs)) === told),
  );
  return isTrue ? [] : [`was answered with ${told}, which was never true`];
}

export function checkCounts(
  windows: MessageWindows,
  call: MessageCall,
  command: MessageWrite,
  value: unknown,
): string[] {
  if (command.kind !== "react") return [];
  const { reactions } = value as { reactions: ReactionCount[] };
  const told = JSON.stringify(countsOf(reactions));
  const isTrue = windows.ofMessage(call, command.seq, ({ counts }) => JSON.stringify(counts) === told);
  return isTrue ? [] : [`tells of the reactions ${told}, which was never true`];
}

export function scopeOf({ actor, key }: MessageWrite): string {
  return `/${actor}/${key}`;
}

function entryOf(command: MessageWrite, value: unknown): Entry | undefined {
  const wrapped = command.kind === "react" || command.kind === "add" || command.kind === "remove";
  return wrapped ? (value as { entry: Entry | undefined }).entry : (value as Entry | undefined);
}

function hasNothingToDo({ members, messages, blocks }: Moment, command: MessageWrite): boolean {
  switch (command.kind) {
    case "add":
      return command.userIds.every((userId) => isThere(members.get(userId)));
    case "remove":
      return !command.userIds.some((userId) => isThere(members.get(userId)));
    case "block":
      return blocks.has(blockText(command.actor, command.userId));
    case "unblock":
      return !blocks.has(blockText(command.actor, command.userId));
    case "send":
    case "updateCard":
    case "commit":
    case "cancel":
      return false;
  }
  const message = messages.bySeq.get(command.seq);
  if (message === undefined) return false;
  switch (command.kind) {
    case "edit":
      return message.text === command.text;
    case "delete":
      return message.deletedBy !== undefined;
    case "pin":
      return message.pinned;
    case "unpin":
      return !message.pinned;
    case "react":
      return setText(message.reactions.get(command.actor) ?? []) === setText(command.kinds);
  }
}

export function setText(kinds: readonly string[]): string {
  return kinds.toSorted().join();
}

/** Whether an entry is what the command asks for. */
export function isWrittenBy({ body }: Entry, command: MessageWrite): boolean {
  switch (command.kind) {
    case "send": {
      if (body.case !== "messageSent" || textOf(body.value.content) !== command.text) return false;
      return (body.value.holdState === HoldState.HELD) === command.holdMs > 0;
    }
    case "edit":
      return body.case === "messageEdited" && isAt(body.value, command) && textOf(body.value.content) === command.text;
    case "updateCard":
      return body.case === "cardUpdated" && isAt(body.value, command) && isCardOf(body.value.card, command);
    case "delete":
      return body.case === "messageDeleted" && isAt(body.value, command);
    case "pin":
      return body.case === "messagePinned" && isAt(body.value, command);
    case "unpin":
      return body.case === "messageUnpinned" && isAt(body.value, command);
    case "commit":
      return body.case === "messageCommitted" && isAt(body.value, command);
    case "cancel":
      return body.case === "messageCancelled" && isAt(body.value, command) && !body.value.expired;
    case "react":
      return (
        body.case === "reactionsChanged" &&
        isAt(body.value, command) &&
        body.value.userId === command.actor &&
        body.value.kinds.join() === command.kinds.join()
      );
    case "add":
      return body.case === "membersAdded" && body.value.members.every(({ userId }) => command.userIds.includes(userId));
    case "remove":
      return body.case === "membersRemoved" && body.value.userIds.every((userId) => command.userIds.includes(userId));
    case "block":
    case "unblock": {
      if (body.case !== (command.kind === "block" ? "userBlocked" : "userUnblocked")) return false;
      return body.value.byUserId === command.actor && body.value.userId === command.userId;
    }
  }
}

function isCardOf(card: Card | undefined, { text, type }: { readonly text: string; readonly type: string }): boolean {
  return card?.type === type && cardText(card) === text;
}

function isAt({ targetSeq }: { readonly targetSeq: number }, { seq }: { readonly seq: number }): boolean {
  return targetSeq === seq;
}
