import { ErrorReason } from "@maru/protocol";
import { type Command, isWrite } from "./command.ts";
import type { CallRecord, Outcome } from "./history.ts";
import { isThere } from "./truth.ts";
import type { Windows } from "./window.ts";

/** Refusals that come of a room's state; undefined for others. */
export function isTrueRoomRefusal(
  windows: Windows,
  call: CallRecord,
  command: Command,
  { reason, metadata }: Extract<Outcome, { kind: "refused" }>,
): boolean | undefined {
  switch (reason) {
    case ErrorReason.ROOM_FROZEN:
      return command.kind === "send" && windows.sometime(call, ({ room }) => room.frozen);
    case ErrorReason.ROOM_CLOSED:
      return isWrite(command) && command.kind !== "close" && windows.sometime(call, ({ room }) => room.closed);
    case ErrorReason.MEMBER_NOT_FOUND:
      return (
        (command.kind === "setRole" || command.kind === "mute") &&
        windows.sometime(call, ({ members }) => !isThere(members.get(command.userId)))
      );
    case ErrorReason.MEMBER_MUTED: {
      if (command.kind !== "send") return false;
      const { actor } = command;
      return windows.sometime(call, ({ members }) => (members.get(actor)?.mutedUntilMs ?? 0) > call.arrivedAtMs);
    }
    case ErrorReason.STATE_CHANGED: {
      if (command.kind !== "update" || command.expectedStateSeq === undefined) return false;
      const present = Number(metadata.state_seq);
      return present !== command.expectedStateSeq && windows.sometime(call, ({ stateSeq }) => stateSeq === present);
    }
    default:
      return undefined;
  }
}
