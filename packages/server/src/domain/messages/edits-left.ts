import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { DomainLimits } from "../domain.ts";
import type { RoomState } from "../log/fold.ts";
import type { Target } from "./target.ts";

/** Edits and card updates alike: a deletion rewrites all that the message ever said, in one transaction. */
export function requireEditsLeft({ maxEdits }: DomainLimits, { room }: RoomState, { seq, message }: Target): void {
  if (message.editCount < maxEdits) return;
  throw new MaruError(ErrorReason.EDIT_LIMIT_REACHED, { metadata: { room_id: room.roomId, seq, limit: maxEdits } });
}
