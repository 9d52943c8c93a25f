import { equals } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Actor, ActorSchema, type Entry, ErrorReason, HoldState, type Message } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { NextEntry } from "../log/append.ts";
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
export function requireTarget(
  { room }: RoomState,
  loaded: LoggedEntry | undefined,
  seq: number,
  next: Pick<NextEntry, "seq"> = { seq: 0 },
): Target {
  const place = { room_id: room.roomId, seq };
  if (loaded === undefined) {
    // Logs have no holes but those of retention, whose bound the cached state may not know yet.
    const purgedBelow = Math.max(room.purgedBelow, seq < next.seq ? seq + 1 : 0);
    if (seq < purgedBelow) {
      throw new MaruError(ErrorReason.ENTRY_PURGED, { metadata: { ...place, purged_below: purgedBelow } });
    }
    throw new MaruError(ErrorReason.ENTRY_NOT_FOUND, { metadata: place });
  }
  const { entry, record = emptyRecord } = loaded;
  if (entry.body.case !== "messageSent") {
    throw new MaruError(ErrorReason.NOT_A_MESSAGE, { metadata: { ...place, type: entry.type } });
  }
  return { seq, message: entry.body.value, author: entry.actor, createdAtMs: createdAtMs(entry), record };
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

/** The same user, the same service by its name, or the system for itself. */
export function isAuthor(actor: Actor, { author }: Target): boolean {
  return author !== undefined && equals(ActorSchema, actor, author);
}

export function notTheAuthor({ room }: RoomState, { seq }: Target): MaruError {
  return new MaruError(ErrorReason.NOT_THE_AUTHOR, { metadata: { room_id: room.roomId, seq } });
}

function createdAtMs({ createdAt }: Entry): number {
  return createdAt === undefined ? 0 : timestampMs(createdAt);
}
