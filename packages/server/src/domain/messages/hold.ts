import { create } from "@bufbuild/protobuf";
import { ErrorReason, HoldState, MessageCancelledSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Draft, NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { toMessageChange } from "./content-change.ts";
import type { Target } from "./target.ts";
import { hasExpired, toCancelled } from "./visible.ts";

/** The message is still held. A hold that has run out counts as cancelled, whether a job has said so or not. */
export function requireHoldOpen({ room }: RoomState, { seq, message }: Target, next: NextEntry): void {
  if (message.holdState === HoldState.HELD && !hasExpired(message, next.nowMs)) return;
  throw new MaruError(ErrorReason.HOLD_NOT_OPEN, { metadata: { room_id: room.roomId, seq } });
}

/** The entry by which a held message is given up. */
export function toCancellation(
  target: Target,
  cancelled: { readonly expired: boolean; readonly reason: string },
): Draft {
  const value = create(MessageCancelledSchema, { targetSeq: target.seq, ...cancelled });
  return {
    body: { case: "messageCancelled", value },
    change: { entries: [toMessageChange(target, toCancelled(target.message))] },
  };
}
