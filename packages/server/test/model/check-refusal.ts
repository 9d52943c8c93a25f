import { ErrorReason, MemberRole } from "@maru/protocol";
import { isTrueRoomRefusal } from "./check-room-refusal.ts";
import { isMadeBy } from "./check-write.ts";
import { type Command, isSettings, isWrite, type WriteCommand } from "./command.ts";
import type { CallRecord, Outcome } from "./history.ts";
import { scopeOfCommand, scopeOfEntry } from "./keys.ts";
import { isThere, type TruthEntry, type TruthState } from "./truth.ts";
import type { Windows } from "./window.ts";

const dayMs = 24 * 60 * 60_000;
const skewMs = 60_000;

type Refused = Extract<Outcome, { kind: "refused" }>;

/** A refusal must have been true at some moment between the call's arrival and its answer. */
export function checkRefusal(windows: Windows, call: CallRecord, command: Command, refused: Refused): string[] {
  const isTrue = isTrueRefusal(windows, call, command, refused);
  return isTrue ? [] : [`was refused with ${ErrorReason[refused.reason]}, which was never true meanwhile`];
}

function isTrueRefusal(windows: Windows, call: CallRecord, command: Command, refused: Refused): boolean {
  switch (refused.reason) {
    case ErrorReason.STORE_UNAVAILABLE:
      return true;
    case ErrorReason.ROOM_NOT_FOUND:
      return windows.sometime(call, (_, length) => length === 0);
    case ErrorReason.NOT_A_MEMBER: {
      const userId = userOf(command);
      return userId !== undefined && windows.sometime(call, ({ members }) => !isThere(members.get(userId)));
    }
    case ErrorReason.ROLE_REQUIRED:
      return (
        isWrite(command) &&
        command.kind !== "send" &&
        command.kind !== "leave" &&
        windows.sometime(call, ({ members }) => members.get(command.actor)?.role === MemberRole.MEMBER)
      );
    case ErrorReason.SEQ_BEYOND_END:
      return command.kind === "markRead" && windows.sometime(call, (_, length) => command.seq > length);
    case ErrorReason.ENTRY_NOT_FOUND:
      return command.kind === "get" && windows.sometime(call, (_, length) => command.seq > length);
    case ErrorReason.ENTRY_PURGED:
      return command.kind === "get" && isPurged(windows, call, command.seq);
    case ErrorReason.NOT_A_MESSAGE:
      return command.kind === "get" && windows.truth.entries[command.seq - 1]?.logged.entry.type !== "message_sent";
    case ErrorReason.APPEND_CONTENDED:
      return isWrite(command) || command.kind === "create";
    case ErrorReason.IDEMPOTENCY_KEY_REUSED:
      return isWrite(command) && isReused(windows, call, command, Number(refused.metadata.seq));
    case ErrorReason.IDEMPOTENCY_KEY_TOO_OLD:
      return isWrite(command) && isTooOld(windows, call, command);
    case ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE:
      return isWrite(command) && (command.bornAtMs ?? 0) > call.arrivedAtMs + skewMs;
    default:
      return isTrueRoomRefusal(windows, call, command, refused) ?? false;
  }
}

function userOf(command: Command): string | undefined {
  if (command.kind === "markRead" || isSettings(command)) return command.userId;
  return isWrite(command) && command.actor !== "service" ? command.actor : undefined;
}

/** Gone; or not there yet when it was looked for, and retention reached it before the answer, a day later. */
function isPurged({ truth, lengths }: Windows, call: CallRecord, seq: number): boolean {
  if ((truth.entries[seq - 1]?.removed?.after ?? Infinity) < call.answered) return true;
  const isReached = truth.rises.some(({ below, after }) => seq < below && after < call.answered);
  return isReached && seq > lengths(call.arrived, call.answered).low;
}

function isReused({ truth, states }: Windows, call: CallRecord, command: WriteCommand, seq: number): boolean {
  const used = truth.entries[seq - 1];
  if (used === undefined || used.storedAfter > call.answered) return false;
  const { entry } = used.logged;
  return (
    scopeOfEntry(entry) === scopeOfCommand(command) && !isMadeBy(used.logged, command, states[seq - 1] as TruthState)
  );
}

/**
 * Retention was there, and the key is too old for that to be harmless; and if it was used, that use cannot be reached.
 * A key that does not say its age is too old only where its use is still known, and is gone.
 */
function isTooOld({ truth, lengths }: Windows, call: CallRecord, command: WriteCommand): boolean {
  const isRemoved = ({ removed }: TruthEntry) => (removed?.after ?? Infinity) < call.answered;
  const scope = scopeOfCommand(command);
  const isUse = ({ logged }: TruthEntry) => scopeOfEntry(logged.entry) === scope;
  if (command.bornAtMs === undefined) return truth.entries.some((entry) => isUse(entry) && isRemoved(entry));
  if (command.bornAtMs > call.answeredAtMs - dayMs + 2 * skewMs || !truth.entries.some(isRemoved)) return false;
  const { low } = lengths(call.arrived, call.answered);
  const used = truth.entries.slice(0, low).findIndex(isUse);
  return used === -1 || truth.entries.slice(used).some(isRemoved);
}
