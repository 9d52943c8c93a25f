import { ErrorReason, HoldState, MemberRole } from "@maru/protocol";
import { isWrittenBy, scopeOf } from "./check-message-write.ts";
import type { Outcome } from "./history.ts";
import { scopeOfEntry } from "./keys.ts";
import { isMessageWrite, type MessageCommand, type MessageWrite } from "./message-command.ts";
import type { MessageCall, MessageWindows } from "./message-windows.ts";
import { isCardText, othersType } from "./model-cards.ts";
import { editWindowMs, messageLimits } from "./serve-message.ts";
import { isThere } from "./truth.ts";
import { blockText, isBlocked } from "./truth-blocks.ts";
import { hasRunOut } from "./truth-messages.ts";

type Refused = Extract<Outcome, { kind: "refused" }>;

const dayMs = 24 * 60 * 60_000;
const skewMs = 60_000;

/** A refusal must have been true at some moment between the call's arrival and its answer. */
export function checkMessageRefusal(windows: MessageWindows, call: MessageCall, refused: Refused): string[] {
  const isTrue = isTrueRefusal(windows, call, call.command, refused);
  return isTrue ? [] : [`was refused with ${ErrorReason[refused.reason]}, which was never true meanwhile`];
}

function isTrueRefusal(windows: MessageWindows, call: MessageCall, command: MessageCommand, refused: Refused): boolean {
  const { sometime, isRemoved, truth, pair } = windows;
  switch (refused.reason) {
    case ErrorReason.STORE_UNAVAILABLE:
      return true;
    case ErrorReason.NOT_A_MEMBER: {
      const userId = userOf(command);
      return userId !== undefined && sometime(call, ({ members }) => !isThere(members.get(userId)));
    }
    case ErrorReason.MEMBER_NOT_FOUND:
      if (command.kind === "block" || command.kind === "unblock") return !pair.includes(command.userId);
      return command.kind === "unread" && sometime(call, ({ members }) => !isThere(members.get(command.userId)));
    case ErrorReason.SEQ_BEYOND_END:
      return command.kind === "markRead" && sometime(call, ({ length }) => command.seq > length);
    case ErrorReason.ROOM_NOT_DIRECT:
      return (command.kind === "block" || command.kind === "unblock") && pair.length === 0;
    case ErrorReason.USER_BLOCKED: {
      if (!isHeldBack(command)) return false;
      const text = blockText(String(refused.metadata.by_user_id), String(refused.metadata.user_id));
      const isOwn = isBlocked(new Set([text]), pair, command.actor);
      return isOwn && sometime(call, ({ blocks }) => blocks.has(text));
    }
    case ErrorReason.CARD_TYPE_NOT_OWNED:
      return command.kind === "updateCard" && command.type === othersType;
    case ErrorReason.APPEND_CONTENDED:
      return isMessageWrite(command) || command.kind === "erase";
    case ErrorReason.IDEMPOTENCY_KEY_REUSED:
      return isMessageWrite(command) && isReused(windows, call, command, Number(refused.metadata.seq));
    case ErrorReason.IDEMPOTENCY_KEY_TOO_OLD: {
      const isOld = isMessageWrite(command) && command.bornAtMs < call.answeredAtMs - dayMs + 2 * skewMs;
      return isOld && truth.entries.some((_, index) => isRemoved(call, index + 1));
    }
    case ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE:
      return isMessageWrite(command) && command.bornAtMs > call.arrivedAtMs + skewMs;
    case ErrorReason.ACTOR_NOT_ALLOWED:
      if (command.kind === "block" || command.kind === "unblock") return !pair.includes(command.actor);
      if (command.kind === "updateCard") return command.actor !== "service";
      return command.kind === "react"
        ? command.actor === "service"
        : command.kind === "commit" && command.actor !== "service";
    default:
      return "seq" in command && isTrueOfTarget(windows, call, command, refused.reason);
  }
}

type Targeted = Extract<MessageCommand, { readonly seq: number }>;

function isTrueOfTarget(windows: MessageWindows, call: MessageCall, command: Targeted, reason: ErrorReason): boolean {
  const { seq } = command;
  const { truth, sometime, ofMessage, isRemoved } = windows;
  switch (reason) {
    case ErrorReason.ENTRY_NOT_FOUND:
      return sometime(call, ({ length }) => seq > length);
    case ErrorReason.ENTRY_PURGED:
      return isRemoved(call, seq) || isReachedByPurge(windows, call, seq);
    case ErrorReason.NOT_A_MESSAGE:
      return truth.entries[seq - 1] !== undefined && truth.entries[seq - 1]?.logged.entry.type !== "message_sent";
  }
  if (!isMessageWrite(command)) return false;
  const { actor, kind } = command;
  const isChange = kind === "edit" || kind === "updateCard";
  const changes = isChange || kind === "react" || kind === "pin";
  return ofMessage(call, seq, (message, { members, messages }) => {
    switch (reason) {
      case ErrorReason.NOT_THE_AUTHOR: {
        if (message.author === actor) return false;
        if (kind === "delete") return actor !== "service" && members.get(actor)?.role !== MemberRole.ADMIN;
        return kind === "edit" || (kind === "cancel" && actor !== "service");
      }
      case ErrorReason.MESSAGE_DELETED:
        return changes && message.deletedBy !== undefined;
      case ErrorReason.MESSAGE_HELD:
        return changes && (message.hold === HoldState.HELD || message.hold === HoldState.CANCELLED);
      case ErrorReason.HOLD_NOT_OPEN: {
        if (kind !== "commit" && kind !== "cancel") return false;
        return message.hold !== HoldState.HELD || hasRunOut(message, call.answeredAtMs);
      }
      case ErrorReason.EDIT_LIMIT_REACHED:
        return (
          isChange && message.editCount >= messageLimits.maxEdits && (kind !== "edit" || message.text !== command.text)
        );
      case ErrorReason.CARD_TYPE_MISMATCH:
        return isChange && message.text !== undefined && isCardText(message.text) === (kind === "edit");
      case ErrorReason.EDIT_WINDOW_CLOSED:
        return kind === "edit" && call.answeredAtMs - message.createdAtMs > editWindowMs;
      case ErrorReason.REACTION_LIMIT_REACHED:
        return (
          kind === "react" && message.reactions.size >= messageLimits.maxReactingUsers && !message.reactions.has(actor)
        );
      case ErrorReason.PIN_LIMIT_REACHED:
        return kind === "pin" && messages.pins.length >= messageLimits.maxPins && !message.pinned;
      default:
        return false;
    }
  });
}

/** Not there yet when it was looked for, and below what retention had reached when that was asked. */
function isReachedByPurge({ truth, sometime }: MessageWindows, call: MessageCall, seq: number): boolean {
  const isReached = truth.rises.some(({ below, after }) => seq < below && after < call.answered);
  return isReached && sometime(call, ({ length }) => seq > length);
}

/** A user's act that a block holds back. */
function isHeldBack(command: MessageCommand): command is MessageWrite {
  if (!isMessageWrite(command) || command.actor === "service") return false;
  return command.kind !== "block" && command.kind !== "unblock";
}

function userOf(command: MessageCommand): string | undefined {
  if (isMessageWrite(command)) return command.actor === "service" ? undefined : command.actor;
  if (command.kind === "markRead") return command.userId;
  return "viewer" in command ? command.viewer : undefined;
}

function isReused({ truth, sometime }: MessageWindows, call: MessageCall, command: MessageWrite, seq: number): boolean {
  const used = truth.entries[seq - 1];
  if (used === undefined || used.storedAfter > call.answered) return false;
  if (!sometime(call, ({ messages }) => !messages.unhashed.has(seq))) return false;
  return scopeOfEntry(used.logged.entry) === scopeOf(command) && !isWrittenBy(used.logged.entry, command);
}
