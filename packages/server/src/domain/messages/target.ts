import type { Actor, Message } from "@maru/protocol";
import { ErrorReason, HoldState } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { RoomState } from "../log/fold.ts";
import type { LoggedEntry, MessageRecord } from "../store.ts";

/** The message that an act is about, as it is at the log's tail. */
export interface Target {
  readonly seq: number;
  readonly message: Message;
  readonly author: Actor | undefined;
  readonly createdAtMs: number;
  readonly record: MessageRecord;
}

export const emptyRecord: MessageRecord = { contentSeqs: [], original: undefined, reactions: new Map() };

/** The loaded entry as a message; refused where it is none, or is not there. */
export function requireTarget({ room }: RoomState, loaded: LoggedEntry | undefined, seq: number): Target {
  const place = { room_id: room.roomId, seq };
  if (loaded === undefined) {
    if (seq < room.purgedBelow) {
      throw new MaruError(ErrorReason.ENTRY_PURGED, { metadata: { ...place, purged_below: room.purgedBelow } });
    }
    throw new MaruError(ErrorReason.ENTRY_NOT_FOUND, { metadata: place });
  }
  const { entry, record = emptyRecord, appendedAtMs } = loaded;
  if (entry.body.case !== "messageSent") {
    throw new MaruError(ErrorReason.NOT_A_MESSAGE, { metadata: { ...place, type: entry.type } });
  }
  return { seq, message: entry.body.value, author: entry.actor, createdAtMs: appendedAtMs, record };
}

export function requireNotDeleted({ room }: RoomState, { seq, message }: Target): void {
  if (message.deletion === undefined) return;
  throw new MaruError(ErrorReason.MESSAGE_DELETED, { metadata: { room_id: room.roomId, seq } });
}

/** Everybody sees the message: it is not, or no longer, held, and was not cancelled. */
export function requireShown({ room }: RoomState, { seq, message }: Target): void {
  if (message.holdState === HoldState.UNSPECIFIED || message.holdState === HoldState.COMMITTED) return;
  throw new MaruError(ErrorReason.MESSAGE_HELD, { metadata: { room_id: room.roomId, seq } });
}
