import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** `cardType` is what the message has; empty when it is no card. */
export function cardMismatch(roomId: string, seq: number, cardType: string): MaruError {
  return new MaruError(ErrorReason.CARD_TYPE_MISMATCH, {
    metadata: { room_id: roomId, seq, card_type: cardType },
    message: cardType === "" ? "the message is no card" : `the message is a card of the type ${cardType}`,
  });
}
